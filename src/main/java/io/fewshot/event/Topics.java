package io.fewshot.event;

import static io.fewshot.event.Topic.Cleanup.COMPACT;
import static io.fewshot.event.Topic.Cleanup.DELETE;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.avro.specific.SpecificRecord;
import org.jspecify.annotations.Nullable;

/**
 * Every topic of one installation: an immutable value made from a prefix.
 *
 * <p>Topics whose records are joined by key have the same number of partitions: {@code seen} and
 * {@code corrections-by-query}, and {@code examples} with what is made of it.
 */
public final class Topics {

  /**
   * A query's attribute, and a header of its result: answered, but nothing is learned from it and
   * no one labels it.
   */
  public static final String DRY_RUN = "fewshot.dry_run";

  /** Header of a dry run's result: what the language model was asked. */
  public static final String PROMPT_HEADER = "fewshot.prompt";

  /** Header of a correction's removal after which the message waits for people again. */
  public static final String UNDO_HEADER = "fewshot.undo";

  public static final String DEFAULT_PREFIX = "fewshot.";
  public static final int DEFAULT_PARTITIONS = 6;

  /** How long a message is remembered for a correction that brings only its query_id. */
  public static final Duration SEEN = Duration.ofDays(7);

  /**
   * The largest record of a topic that carries a message's text, in bytes: a message of 1 MB passes
   * with its candidates and headers.
   */
  public static final int TEXT_BYTES = 4 << 20;

  /** The largest record anywhere: a dead letter is a record with more headers. */
  public static final int LARGEST_BYTES = 8 << 20;

  /** Those that only our services write and read. */
  private static final Set<String> INTERNAL =
      Set.of(
          "seen",
          "corrections-by-query",
          "valid-tasks",
          "trainings",
          "encoded-examples",
          "audits",
          "votes",
          "outcomes",
          "dead-letter-marks");

  private static final String CORRECTED = "query:";
  private static final Duration WEEK = Duration.ofDays(7);

  /**
   * Before a task's name in a key of {@code valid-tasks}: its latest definition, at the position in
   * the value, is bad.
   */
  public static final String REFUSED_TASK = "refused/";

  private final String prefix;
  private final Map<String, Topic> byLabel;

  private Topics(String prefix, Map<String, Topic> byLabel) {
    this.prefix = prefix;
    this.byLabel = byLabel;
  }

  /** The topics with the default prefix and number of partitions. */
  public static Topics standard() {
    return of(DEFAULT_PREFIX, DEFAULT_PARTITIONS);
  }

  /** The topics with this prefix; {@code partitions} is for those that carry the load. */
  public static Topics of(String prefix, int partitions) {
    Builder topics = new Builder(prefix);
    topics.add("queries", "any string; its order is kept", Query.class, partitions, WEEK);
    topics.add("results", "as the query", Result.class, partitions, WEEK);
    topics.add("labeling", "query_id", LabelingRequest.class, partitions, WEEK);
    topics.add("corrections", "query_id", Correction.class, partitions, null);
    topics.compacted("examples", "task/example_id", Example.class, partitions, TEXT_BYTES);
    topics.compacted(
        "sft-dataset", "task/example_id", TrainingExample.class, partitions, TEXT_BYTES);
    topics.add("retrain", "task", RetrainRequest.class, 1, WEEK);
    topics.compacted("artifacts", "sha256/chunk", null, 1, LARGEST_BYTES);
    topics.compacted("releases", "task/method/version", ModelRelease.class, 1, TEXT_BYTES);
    topics.compacted("active", "task/method", ActiveRelease.class, 1, TEXT_BYTES);
    topics.compacted("tasks", "task", TaskDefinition.class, 1, TEXT_BYTES);
    topics.add("dead-letters", "as it came", null, 1, null, LARGEST_BYTES);
    topics.add("seen", "query_id", null, partitions, SEEN);
    topics.add("corrections-by-query", "query_id", null, partitions, WEEK, LARGEST_BYTES);
    topics.compacted("valid-tasks", "task", null, 1, TEXT_BYTES);
    topics.compacted("trainings", "task", null, 1, TEXT_BYTES);
    topics.compacted("encoded-examples", "task/example_id", null, partitions, TEXT_BYTES);
    topics.compacted("audits", "task/query_id", null, 1, TEXT_BYTES);
    topics.add("votes", "query_id", null, 1, WEEK);
    topics.add("outcomes", "query_id", null, partitions, null);
    topics.compacted("dead-letter-marks", "offset", null, 1, TEXT_BYTES);
    return new Topics(prefix, topics.byLabel);
  }

  /** The same with another number of partitions for one topic. */
  public Topics withPartitions(String label, int partitions) {
    Map<String, Topic> changed = new LinkedHashMap<>(byLabel);
    changed.put(label, topic(label).withPartitions(partitions));
    return new Topics(prefix, changed);
  }

  /** The key of an example: task and id. */
  public static String exampleKey(String task, String exampleId) {
    return task + "/" + exampleId;
  }

  /**
   * The id of the example that a message's correction makes: always the same, so that a correction
   * that comes later replaces it, and with a prefix, so that it meets no id of an import.
   */
  public static String correctedExampleId(String queryId) {
    return CORRECTED + queryId;
  }

  /** Whether this key is of an example that a correction made. */
  public static boolean isCorrectedExample(String key) {
    return key.startsWith(CORRECTED, key.indexOf('/') + 1);
  }

  public String prefix() {
    return prefix;
  }

  /** All of them, the public ones first. */
  public List<Topic> all() {
    return List.copyOf(byLabel.values());
  }

  /**
   * The topic with this label.
   *
   * @throws IllegalArgumentException when there is none, naming the label and those there are
   */
  public Topic topic(String label) {
    Topic topic = byLabel.get(label);
    if (topic == null) {
      throw new IllegalArgumentException(
          "no topic '" + label + "'; there are " + String.join(", ", byLabel.keySet()));
    }
    return topic;
  }

  /**
   * Those whose number of partitions may grow: nothing that is kept by key depends on it. The
   * stores of the messages that wait grow along.
   */
  public List<Topic> growing() {
    return List.of(queries(), results(), labeling());
  }

  /**
   * Those that keep the number of partitions that they were made with, in groups that must have the
   * same: what belongs to a key is looked for, or replaced, in its partition.
   */
  public List<List<Topic>> joined() {
    return List.of(
        List.of(seen(), correctionsByQuery()),
        List.of(examples(), encodedExamples(), sftDataset()),
        List.of(corrections()),
        List.of(outcomes()));
  }

  /** Messages to be answered: {@link Query}. */
  public Topic queries() {
    return topic("queries");
  }

  /** Answers: {@link Result}. */
  public Topic results() {
    return topic("results");
  }

  /** What people are asked: {@link LabelingRequest}. */
  public Topic labeling() {
    return topic("labeling");
  }

  /** What people answered: {@link Correction}. */
  public Topic corrections() {
    return topic("corrections");
  }

  /** The example memory: {@link Example}. */
  public Topic examples() {
    return topic("examples");
  }

  /** The fine-tuning data set: {@link TrainingExample}. */
  public Topic sftDataset() {
    return topic("sft-dataset");
  }

  /** Work for the trainer: {@link RetrainRequest}. */
  public Topic retrain() {
    return topic("retrain");
  }

  /** The files of releases, in chunks of bytes. */
  public Topic artifacts() {
    return topic("artifacts");
  }

  /** What was trained: {@link ModelRelease}. */
  public Topic releases() {
    return topic("releases");
  }

  /** Which release serves: {@link ActiveRelease}. */
  public Topic active() {
    return topic("active");
  }

  /** Task definitions as users wrote them: {@link TaskDefinition}. */
  public Topic tasks() {
    return topic("tasks");
  }

  /** Records that could not be processed, byte for byte. */
  public Topic deadLetters() {
    return topic("dead-letters");
  }

  /** Internal: what was answered, by query_id: {@code SeenMessage}. */
  public Topic seen() {
    return topic("seen");
  }

  /** Internal: corrections under their query_id, whatever their producer's key and partitioner. */
  public Topic correctionsByQuery() {
    return topic("corrections-by-query");
  }

  /** Internal: the YAML text of definitions that passed validation. */
  public Topic validTasks() {
    return topic("valid-tasks");
  }

  /** Internal: how far each task's last training is, and what came of it: JSON. */
  public Topic trainings() {
    return topic("trainings");
  }

  /** Internal: what people said about messages drawn for an audit: {@code AuditOutcome}. */
  public Topic audits() {
    return topic("audits");
  }

  /** Internal: what single labelers say where several must agree: {@code Vote}. */
  public Topic votes() {
    return topic("votes");
  }

  /** Internal: what learning decided about each correction: {@code CorrectionOutcome}. */
  public Topic outcomes() {
    return topic("outcomes");
  }

  /** Internal: which dead letters were put back or dropped, by their offsets. */
  public Topic deadLetterMarks() {
    return topic("dead-letter-marks");
  }

  /** Internal: examples with their vectors: {@code EncodedExample}. */
  public Topic encodedExamples() {
    return topic("encoded-examples");
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Topics topics && byLabel.equals(topics.byLabel);
  }

  @Override
  public int hashCode() {
    return byLabel.hashCode();
  }

  @Override
  public String toString() {
    return "Topics[" + prefix + "*]";
  }

  private static final class Builder {

    private final String prefix;
    private final Map<String, Topic> byLabel = new LinkedHashMap<>();

    Builder(String prefix) {
      this.prefix = prefix;
    }

    void add(
        String label,
        String key,
        @Nullable Class<? extends SpecificRecord> record,
        int partitions,
        @Nullable Duration retention) {
      add(label, key, record, partitions, retention, TEXT_BYTES);
    }

    void add(
        String label,
        String key,
        @Nullable Class<? extends SpecificRecord> record,
        int partitions,
        @Nullable Duration retention,
        int bytes) {
      byLabel.put(
          label,
          new Topic(
              label,
              prefix + label,
              key,
              record,
              partitions,
              DELETE,
              retention,
              bytes,
              INTERNAL.contains(label)));
    }

    void compacted(
        String label,
        String key,
        @Nullable Class<? extends SpecificRecord> record,
        int partitions,
        int bytes) {
      byLabel.put(
          label,
          new Topic(
              label,
              prefix + label,
              key,
              record,
              partitions,
              COMPACT,
              null,
              bytes,
              INTERNAL.contains(label)));
    }
  }
}
