package io.fewshot.stream;

import io.fewshot.event.Codecs;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.Topics;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.Stores;

/**
 * Learns: checks task definitions, makes examples of corrections, and encodes examples, once for
 * the whole cluster; what comes out is held by every instance.
 *
 * <pre>
 * tasks ───────▶ validate ─▶ valid-tasks ·······▶ tasks (on every instance)
 *
 * corrections ─▶ key by query ─▶ corrections-by-query ─┐
 *                (waiting-corrections)                 ├─▶ apply ──┬─▶ results (CORRECTED)
 * seen ────────▶ hold seen ────────────────────────────┘           ├─▶ examples
 *                (seen-messages)   (waiting-for-messages,          ├─▶ audits
 *                                   corrected-messages)            └─▶ outcomes
 *
 * examples ────▶ encode ─┬─▶ encoded-examples ··▶ memory, splits (on every instance)
 *                        └─▶ sft-dataset
 *                (micro-batches; waiting-examples, encoded-examples-by-key)
 *
 * what cannot be used, from validate, key by query, apply and encode ─▶ dead-letters
 * and, if it is a correction, ─▶ outcomes, for whoever waits to hear of it
 * </pre>
 *
 * <p>It is cut where a record changes its key, so that each part sees all there is about a message
 * or an example in order. Decision 0007 says why, and what each kind of correction comes to.
 */
public final class LearningTopology {

  public static final String TASKS = "task-definitions";
  public static final String VALIDATE = "validate";
  public static final String VALID_TASKS = "valid-task-definitions";
  public static final String CORRECTIONS = "corrections";
  public static final String KEY_BY_QUERY = "key-by-query";
  public static final String TO_CORRECTIONS_BY_QUERY = "to-corrections-by-query";
  public static final String CORRECTIONS_BY_QUERY = "corrections-by-query";
  public static final String SEEN = "seen";
  public static final String HOLD_SEEN = "hold-seen";
  public static final String APPLY = "apply";
  public static final String CORRECTED_RESULTS = "corrected-results";
  public static final String CORRECTED_EXAMPLES = "corrected-examples";
  public static final String AUDITS = "audits";
  public static final String OUTCOMES = "outcomes";
  public static final String EXAMPLES = "examples";
  public static final String ENCODE = "encode";
  public static final String ENCODED_EXAMPLES = "encoded";
  public static final String DATASET = "sft-dataset";

  /** Sinks of their own, so that the ways stay apart and scale apart. */
  public static final String DEAD_TASKS = "dead-letters-of-tasks";

  public static final String DEAD_UNREADABLE = "dead-letters-of-corrections";
  public static final String REFUSED_OUTCOMES = "outcomes-of-corrections";
  public static final String DEAD_CORRECTIONS = "dead-letters-of-applying";
  public static final String DEAD_EXAMPLES = "dead-letters-of-examples";

  /** Store of the definitions that are not checked yet, because the registry is away. */
  public static final String WAITING_TASKS = "waiting-tasks";

  /** Store of the corrections whose query_id is not read yet, because the registry is away. */
  public static final String WAITING_CORRECTIONS = "waiting-corrections";

  /** Store of the corrections whose message or task is not known yet. */
  public static final String WAITING_FOR_MESSAGES = "waiting-for-messages";

  /** Store of what was answered in the last seven days. */
  public static final String SEEN_MESSAGES = "seen-messages";

  /** Store of what corrections have done to each message. */
  public static final String CORRECTED_MESSAGES = "corrected-messages";

  /** Store of the examples that are not encoded yet. */
  public static final String WAITING_EXAMPLES = "waiting-examples";

  /** Store of what was encoded, so that nothing is encoded twice. */
  public static final String ENCODED = "encoded-examples-by-key";

  private final Topology topology = new Topology();
  private final Topics topics;
  private final Codecs codecs;
  private final LearningParts parts;
  private final RecordLimits limits;
  private final StreamSettings settings;
  private final StreamMeters meters;

  private LearningTopology(
      Topics topics,
      Codecs codecs,
      LearningParts parts,
      RecordLimits limits,
      StreamSettings settings,
      StreamMeters meters) {
    this.topics = topics;
    this.codecs = codecs;
    this.parts = parts;
    this.limits = limits;
    this.settings = settings;
    this.meters = meters;
  }

  /**
   * Builds the topology.
   *
   * @param parts what its partitions share
   * @param limits of what comes in
   */
  static Topology build(
      Topics topics,
      Codecs codecs,
      LearningParts parts,
      RecordLimits limits,
      StreamSettings settings,
      MeterRegistry registry) {
    LearningTopology built =
        new LearningTopology(topics, codecs, parts, limits, settings, new StreamMeters(registry));
    built.validateTasks();
    built.keyCorrections();
    built.applyCorrections();
    built.encodeExamples();
    GlobalStores.addTasks(built.topology, topics, parts.tasks(), built.meters);
    return built.topology;
  }

  private void validateTasks() {
    source(TASKS, topics.tasks().name());
    topology
        .addProcessor(
            VALIDATE, () -> new ValidateTasks(codecs, parts, limits, settings, meters), TASKS)
        .addStateStore(RecordBuffer.store(WAITING_TASKS, Topics.TEXT_BYTES), VALIDATE);
    sink(VALID_TASKS, topics.validTasks().name(), VALIDATE);
    sink(DEAD_TASKS, topics.deadLetters().name(), VALIDATE);
  }

  private void keyCorrections() {
    source(CORRECTIONS, topics.corrections().name());
    topology
        .addProcessor(
            KEY_BY_QUERY,
            () -> new KeyCorrections(codecs, parts, limits, settings, meters),
            CORRECTIONS)
        .addStateStore(RecordBuffer.store(WAITING_CORRECTIONS, Topics.TEXT_BYTES), KEY_BY_QUERY);
    sink(TO_CORRECTIONS_BY_QUERY, topics.correctionsByQuery().name(), KEY_BY_QUERY);
    sink(DEAD_UNREADABLE, topics.deadLetters().name(), KEY_BY_QUERY);
    sink(REFUSED_OUTCOMES, topics.outcomes().name(), KEY_BY_QUERY);
  }

  private void applyCorrections() {
    source(SEEN, topics.seen().name());
    source(CORRECTIONS_BY_QUERY, topics.correctionsByQuery().name());
    topology
        .addProcessor(HOLD_SEEN, () -> new HoldSeen(meters), SEEN)
        .addProcessor(
            APPLY,
            () ->
                new ApplyCorrections(new Teaching(topics, codecs), parts, limits, settings, meters),
            HOLD_SEEN,
            CORRECTIONS_BY_QUERY)
        .addStateStore(RecordBuffer.store(WAITING_FOR_MESSAGES, Topics.LARGEST_BYTES), APPLY)
        .addStateStore(SeenMessages.store(SEEN_MESSAGES), HOLD_SEEN, APPLY)
        .addStateStore(CorrectedMessages.store(CORRECTED_MESSAGES), HOLD_SEEN, APPLY);
    sink(CORRECTED_RESULTS, topics.results().name(), APPLY);
    sink(CORRECTED_EXAMPLES, topics.examples().name(), APPLY);
    sink(AUDITS, topics.audits().name(), APPLY);
    sink(OUTCOMES, topics.outcomes().name(), APPLY);
    sink(DEAD_CORRECTIONS, topics.deadLetters().name(), APPLY);
  }

  private void encodeExamples() {
    SplitBook splits = new SplitBook(parts.memory());
    source(EXAMPLES, topics.examples().name());
    topology
        .addProcessor(
            ENCODE,
            () ->
                new EncodeExamples(
                    codecs,
                    parts,
                    limits,
                    splits,
                    new TrainingRecords(topics, codecs),
                    settings,
                    meters),
            EXAMPLES)
        .addStateStore(RecordBuffer.store(WAITING_EXAMPLES, Topics.TEXT_BYTES), ENCODE)
        .addStateStore(
            Stores.keyValueStoreBuilder(
                    Stores.persistentKeyValueStore(ENCODED),
                    Serdes.String(),
                    InternalSerde.encodedExample())
                .withLoggingEnabled(
                    Map.of("max.message.bytes", Integer.toString(Topics.TEXT_BYTES)))
                .withCachingDisabled(),
            ENCODE);
    sink(ENCODED_EXAMPLES, topics.encodedExamples().name(), ENCODE);
    sink(DATASET, topics.sftDataset().name(), ENCODE);
    sink(DEAD_EXAMPLES, topics.deadLetters().name(), ENCODE);
    GlobalStores.addSplits(topology, topics, parts.memory(), splits, meters);
  }

  private void source(String name, String topic) {
    topology.addSource(name, new ByteArrayDeserializer(), new ByteArrayDeserializer(), topic);
  }

  private void sink(String name, String topic, String parent) {
    topology.addSink(name, topic, new ByteArraySerializer(), new ByteArraySerializer(), parent);
  }
}
