package io.fewshot.stream;

import static io.fewshot.stream.LearningWorld.TOPICS;
import static io.fewshot.stream.LearningWorld.utf8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.Correction;
import io.fewshot.event.Example;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.SeenHeader;
import io.fewshot.event.internal.SeenMessage;
import io.fewshot.memory.Embedding;
import io.fewshot.prompt.Language;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What may come in is small enough for all that is written for it, whatever the topics take. */
class LargestRecordsTest {

  /** Of a batch with one record: its header, lengths and offsets. */
  private static final int BATCH_BYTES = 200;

  private static final int DIMENSIONS = 1_024;

  @TempDir Path state;

  private RecordLimits limits;

  @ParameterizedTest
  @CsvSource({
    "65536, 65536",
    "65536, 1000012",
    "1048576, 1000012",
    "65536, 4194304",
    "4194304, 4194304",
    "4194304, 16777216"
  })
  void allThatIsWrittenFits(int text, int topic) throws Exception {
    limits = RecordLimits.of(text, topic);
    try (LearningWorld world =
        new LearningWorld(state, LearningWorld.parts(new WideEncoder()), limits)) {
      // Given
      String task = "t".repeat(100);
      world.define(task, "");
      world.define("closed", "labels: {a: A.}");

      // When the largest of everything comes: to be applied, to wait and to be refused
      seen(world, task);
      correct(world, "q".repeat(limits.id()), task, null);
      correct(world, "o" + "q".repeat(limits.id() - 1), task, letters(limits.text()));
      correct(world, "r" + "q".repeat(limits.id() - 1), "closed", letters(limits.text()));
      correct(world, "w" + "q".repeat(limits.id() - 1), task, null);
      example(world, task);
      padded(world);
      world.tick();
      world.pass(Duration.ofSeconds(61));

      // Then nothing was too large, each was written, and all of it fits
      Map<String, Integer> largest = largest(world);
      largest.forEach((name, size) -> assertThat(size).as(name).isLessThan(allowed(name, topic)));
      assertThat(largest)
          .containsKeys(
              TOPICS.results().name(),
              TOPICS.examples().name(),
              TOPICS.encodedExamples().name(),
              TOPICS.sftDataset().name(),
              TOPICS.correctionsByQuery().name(),
              TOPICS.audits().name(),
              TOPICS.deadLetters().name());
      assertThat(largest.get(TOPICS.encodedExamples().name())).isGreaterThan(2 * limits.text());
      assertThat(largest.get(TOPICS.deadLetters().name())).isGreaterThan(limits.record() / 2);
    }
  }

  /** The changelogs' own limits are not the topics'. */
  private static int allowed(String name, int topic) {
    if (!name.endsWith("-changelog")) {
      return topic - BATCH_BYTES;
    }
    return name.contains(LearningTopology.WAITING_FOR_MESSAGES)
        ? Topics.LARGEST_BYTES - BATCH_BYTES
        : Topics.TEXT_BYTES - BATCH_BYTES;
  }

  private static Map<String, Integer> largest(LearningWorld world) {
    Map<String, Integer> largest = new TreeMap<>();
    for (String name : world.driver.producedTopicNames()) {
      var topic =
          world.driver.createOutputTopic(
              name, new ByteArrayDeserializer(), new ByteArrayDeserializer());
      for (TestRecord<byte[], byte[]> record : topic.readRecordsToList()) {
        if (name.equals(TOPICS.deadLetters().name())) {
          assertThat(LearningWorld.header(record, DeadLetters.REASON)).isNotEqualTo("TOO_LARGE");
        }
        int size = length(record.key()) + length(record.value());
        largest.merge(name, size + RecordLimits.bytes(record.headers()), Math::max);
      }
    }
    return largest;
  }

  private static int length(byte[] bytes) {
    return bytes == null ? 0 : bytes.length;
  }

  private void correct(LearningWorld world, String queryId, String task, String text) {
    Correction correction =
        Correction.newBuilder()
            .setQueryId(queryId)
            .setTask(task)
            .setText(text)
            .setOutput(letters(limits.output()))
            .setLabeler("l".repeat(limits.id()))
            .build();
    world.corrections.pipeInput(
        new TestRecord<>(
            new byte[limits.key()], world.bytes(correction), headers(), LearningWorld.START));
  }

  /** Of three bytes each: a message about them is the largest. */
  private static String letters(int bytes) {
    return "好".repeat(bytes / 3);
  }

  private void example(LearningWorld world, String task) {
    String id = "e".repeat(limits.id());
    Example example =
        Example.newBuilder()
            .setTask(task)
            .setExampleId(id)
            .setInput(letters(limits.text()))
            .setOutput(letters(limits.output()))
            .setSource("s".repeat(limits.id()))
            .setLabeler("l".repeat(limits.id()))
            .build();
    world.examplesIn.pipeInput(
        new TestRecord<>(
            utf8(task + "/" + id), world.bytes(example), headers(), LearningWorld.START));
  }

  /** As large as any record, and not readable. */
  private void padded(LearningWorld world) {
    RecordHeaders headers = headers();
    int rest = limits.record() - limits.key() - RecordLimits.bytes(headers);
    for (var topic : List.of(world.corrections, world.examplesIn, world.tasks)) {
      topic.pipeInput(
          new TestRecord<>(new byte[limits.key()], new byte[rest], headers(), LearningWorld.START));
    }
  }

  private RecordHeaders headers() {
    RecordHeaders headers = new RecordHeaders();
    headers.add("h", new byte[limits.headers() - 9]);
    return headers;
  }

  private void seen(LearningWorld world, String task) {
    SeenMessage message =
        SeenMessage.newBuilder()
            .setQueryId("q".repeat(limits.id()))
            .setTask(task)
            .setText(letters(limits.text()))
            .setOutput(letters(limits.output()))
            .setAudit(0.5)
            .setKey(ByteBuffer.allocate(limits.key()))
            .setHeaders(List.of(new SeenHeader("h", ByteBuffer.allocate(limits.headers() - 9))))
            .setTimestamp(LearningWorld.START)
            .build();
    world.seen.pipeInput(
        utf8(message.getQueryId()),
        InternalSerde.seenMessage().serializer().serialize("", message));
  }

  private static final class WideEncoder implements TextEncoder {

    @Override
    public List<Embedding> encode(Language language, List<String> texts) {
      return texts.stream().map(text -> new Embedding("wide", vector())).toList();
    }

    private static float[] vector() {
      float[] vector = new float[DIMENSIONS];
      vector[0] = 1;
      return vector;
    }

    @Override
    public String name(Language language, String text) {
      return "wide";
    }
  }
}
