package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fewshot.event.Example;
import io.fewshot.event.Method;
import io.fewshot.event.Result;
import io.fewshot.ladder.LinearHead;
import io.fewshot.memory.Embedding;
import io.fewshot.ops.Settings;
import io.fewshot.prompt.Language;
import io.fewshot.training.Connection;
import io.fewshot.training.HeadReleases;
import io.fewshot.training.HeadTrainer;
import io.fewshot.training.ReleaseBook;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Releases change while messages flow. How long messages take meanwhile is measured by {@code bench
 * stream --swap}.
 */
class SwapUnderLoadIT {

  private static final String TASK = "swap";
  private static final int EXAMPLES = 60;

  /** Of a hundred a second, so that every swap falls between messages of every partition. */
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private static final int BETWEEN_SWAPS = 150;

  @TempDir Path folder;

  @Test
  void noMessageIsLostDoubledOrAnsweredByAnythingButAReleaseInItsTurn() throws Exception {
    try (RunningStream stream =
        new RunningStream(folder, Map.of(Settings.RUNGS, "neighbours,head"))) {
      // Given a release that serves
      Connection connection = new Connection(stream.settings, stream.topics, stream.codecs);
      stream.define(TASK, "task: swap\ninstruction: Name it.\nlanguage: en\nrungs: [head]\n");
      List<HeadTrainer.Row> rows = teach(stream);
      LinearHead head =
          HeadTrainer.train(rows, encoding(stream).encoder(), "one", share -> {}).head();
      serve(stream, connection, head);
      AtomicInteger sent = new AtomicInteger();
      AtomicBoolean over = new AtomicBoolean();
      Thread load = new Thread(() -> load(stream, sent, over));

      // When another is released while messages flow, and rolled back
      load.start();
      awaitMore(sent);
      serve(stream, connection, head.as("two"));
      awaitMore(sent);
      ReleaseBook.read(connection).rollBack(new ReleaseBook.Slot(TASK, Method.HEAD), "one", "test");
      awaitServing(stream, "one");
      awaitMore(sent);
      over.set(true);
      load.join();

      // Then each message has one answer, and the releases came one after the other
      await().atMost(Duration.ofMinutes(1)).until(() -> results(stream).size() >= sent.get());
      Map<Integer, List<String>> versions = new HashMap<>();
      List<String> ids = new ArrayList<>();
      for (ConsumerRecord<String, byte[]> record : results(stream)) {
        Result result =
            stream
                .codecs
                .codec(Result.class)
                .decode(record.topic(), record.headers(), record.value());
        assertThat(result.getRung()).isEqualTo("head");
        ids.add(result.getQueryId());
        String version = result.getModelVersion().replaceFirst(".*\\+head-", "");
        List<String> turns =
            versions.computeIfAbsent(record.partition(), partition -> new ArrayList<>());
        if (turns.isEmpty() || !turns.get(turns.size() - 1).equals(version)) {
          turns.add(version);
        }
      }
      assertThat(ids).doesNotHaveDuplicates().hasSize(sent.get());
      assertThat(versions.values())
          .isNotEmpty()
          .allSatisfy(turns -> assertThat(turns).containsExactly("one", "two", "one"));
      assertThat(stream.read(stream.topics.deadLetters().name())).isEmpty();
    }
  }

  private static String input(int i) {
    return i % 2 == 0
        ? "my card number " + i + " was stolen"
        : "where is the parcel number " + i + " that I sent";
  }

  private static Embedding encoding(RunningStream stream) {
    return stream.engines.encoders().encode(Language.EN, List.of(input(0))).get(0);
  }

  private static List<HeadTrainer.Row> teach(RunningStream stream) {
    List<HeadTrainer.Row> rows = new ArrayList<>();
    for (int i = 0; i < EXAMPLES; i++) {
      String label = i % 2 == 0 ? "stolen" : "parcel";
      stream.sendLater(
          stream.topics.examples().name(),
          TASK + "/" + i,
          Example.newBuilder()
              .setTask(TASK)
              .setExampleId(Integer.toString(i))
              .setInput(input(i))
              .setOutput(label)
              .setSource("import")
              .setLabeler("")
              .build());
      rows.add(
          new HeadTrainer.Row(
              input(i),
              label,
              stream.engines.encoders().encode(Language.EN, List.of(input(i))).get(0).vector()));
    }
    await()
        .atMost(Duration.ofMinutes(1))
        .until(() -> stream.service.memory().task(TASK).size() == EXAMPLES);
    return rows;
  }

  private static void serve(RunningStream stream, Connection connection, LinearHead head) {
    HeadReleases.publish(connection, TASK, head, "test");
    awaitServing(stream, head.version());
  }

  private static void awaitServing(RunningStream stream, String version) {
    await()
        .atMost(Duration.ofMinutes(1))
        .until(() -> stream.service.headVersion(TASK).equals(version));
  }

  private static void awaitMore(AtomicInteger sent) {
    int before = sent.get();
    await().atMost(Duration.ofMinutes(1)).until(() -> sent.get() >= before + BETWEEN_SWAPS);
  }

  private static void load(RunningStream stream, AtomicInteger sent, AtomicBoolean over) {
    while (!over.get()) {
      int number = sent.incrementAndGet();
      stream.ask("m" + number, TASK, input(number));
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  private static List<ConsumerRecord<String, byte[]>> results(RunningStream stream) {
    return stream.read(stream.topics.results().name());
  }
}
