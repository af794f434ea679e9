package io.fewshot.labeling;

import io.fewshot.event.Codecs;
import io.fewshot.event.Example;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.RecordException;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.Topic;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.Vote;
import io.fewshot.ops.Settings;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Gives all examples of one label another one: a new name, or one that is there, which merges both.
 * Reads the whole topic for it, since the view holds texts that are cut. The records of the data
 * set follow the examples; what waits for people, and what some of them voted, is written anew
 * here, so that nobody is offered the old name.
 */
final class LabelRename {

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Settings settings;
  private final Topic topic;
  private final RecordCodec<Example> codec;
  private final Publisher publisher;
  private final LabelingView view;
  private final TopicFollower follower;

  /** How many examples and how many waiting messages were changed. */
  record Changed(int examples, int waiting) {}

  LabelRename(
      Settings settings,
      Topics topics,
      Codecs codecs,
      Publisher publisher,
      LabelingView view,
      TopicFollower follower) {
    this.settings = settings;
    this.topic = topics.examples();
    this.codec = codecs.codec(Example.class);
    this.publisher = publisher;
    this.view = view;
    this.follower = follower;
  }

  /**
   * Renames.
   *
   * @throws TimeoutException when the topic cannot be read within a minute
   */
  Changed rename(String task, String from, String to) {
    List<Example> changed =
        read(task, from).values().stream()
            .map(example -> Example.newBuilder(example).setOutput(to).build())
            .toList();
    List<OpenRequest> waiting = view.open(task);
    List<OpenRequest> asked =
        waiting.stream()
            .filter(request -> request.offers(from))
            .map(request -> request.renamed(from, to))
            .toList();
    List<Vote> votes =
        waiting.stream()
            .flatMap(
                request ->
                    view.votes(request.queryId()).stream()
                        .filter(vote -> vote.output().equals(from))
                        .map(vote -> vote(request, vote, to)))
            .toList();
    List<RecordMetadata> written = new ArrayList<>(publisher.replace(changed));
    written.addAll(publisher.ask(asked));
    written.addAll(publisher.vote(votes));
    follower.awaitRead(written);
    return new Changed(changed.size(), asked.size());
  }

  private static Vote vote(OpenRequest request, Ballot.Vote vote, String output) {
    return Agreement.vote(request, new Ballot.Vote(vote.labeler(), output, vote.at()));
  }

  private Map<String, Example> read(String task, String label) {
    Map<String, Object> given = settings.consumer();
    given.remove(ConsumerConfig.GROUP_ID_CONFIG);
    given.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    given.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    Map<String, Example> found = new LinkedHashMap<>();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(given, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic.name()).stream()
              .map(each -> new TopicPartition(topic.name(), each.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      while (!ends.entrySet().stream()
          .allMatch(end -> consumer.position(end.getKey()) >= end.getValue())) {
        if (System.nanoTime() > deadline) {
          throw new TimeoutException("the examples could not be read within a minute");
        }
        consumer.poll(Duration.ofMillis(200)).forEach(record -> take(record, task, label, found));
      }
    }
    return found;
  }

  private void take(
      ConsumerRecord<byte[], byte[]> record,
      String task,
      String label,
      Map<String, Example> found) {
    if (record.key() == null) {
      return;
    }
    String key = new String(record.key(), StandardCharsets.UTF_8);
    found.remove(key);
    if (record.value() == null || !key.startsWith(Topics.exampleKey(task, ""))) {
      return;
    }
    try {
      Example example = codec.decode(record.topic(), record.headers(), record.value());
      if (example.getTask().equals(task) && example.getOutput().equals(label)) {
        found.put(key, example);
      }
    } catch (RegistryUnavailableException e) {
      throw e;
    } catch (RecordException e) {
      // Nobody can read it; the view has counted it.
      found.remove(key);
    }
  }
}
