package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fewshot.embedded.EmbeddedBroker;
import io.fewshot.event.Codecs;
import io.fewshot.event.Example;
import io.fewshot.event.FakeRegistry;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.TopicAdmin;
import io.fewshot.event.Topics;
import io.fewshot.memory.Embedding;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.ops.Health;
import io.fewshot.prompt.Language;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The state directory's disk is full: it is said, nothing is lost, and with room it goes on. Needs
 * a small file system of its own, and so the right to mount one; skipped without.
 */
class DiskFullIT {

  private static final int EXAMPLES = 1_500;

  @TempDir Path folder;

  @Test
  void whatCouldNotBeStoredIsStoredOnceThereIsRoom() throws Exception {
    Path disk = Files.createDirectory(folder.resolve("small"));
    assumeTrue(
        run("mount", "-t", "tmpfs", "-o", "size=128m", "tmpfs", disk.toString()),
        "no right to mount a small file system");
    try {
      fillThenFree(disk);
    } finally {
      run("umount", "-l", disk.toString());
    }
  }

  private void fillThenFree(Path disk) throws Exception {
    Topics topics = Topics.of("full.", 1);
    try (EmbeddedBroker broker = EmbeddedBroker.start(folder.resolve("broker"), 0);
        FakeRegistry registry = FakeRegistry.start();
        Codecs codecs = Codecs.of(Map.of("schema.registry.url", registry.url()))) {
      Map<String, Object> connection = Map.of("bootstrap.servers", broker.bootstrapServers());
      try (Admin admin = Admin.create(connection)) {
        new TopicAdmin(admin, Duration.ofSeconds(30)).create(topics, 1);
      }
      try (StreamApplication application =
          new StreamApplication(
              "learning",
              () ->
                  LearningTopology.build(
                      topics,
                      codecs,
                      LearningParts.of(
                          new WideEncoder(),
                          Runnable::run,
                          new ExampleMemory(),
                          new TaskCatalogue()),
                      RecordLimits.standard(),
                      StreamSettings.standard(),
                      new SimpleMeterRegistry()),
              StreamConfigs.of("full-learning", 1, StreamSettings.standard(), disk, connection),
              streams -> {},
              new SimpleMeterRegistry())) {
        application.start();
        await()
            .dontCatchUncaughtExceptions()
            .atMost(Duration.ofSeconds(60))
            .until(() -> application.status().state() == Health.State.READY);

        // When the disk is filled to the last block, and more examples come than fit.
        Path filler = fill(disk);
        teach(topics, codecs, connection);
        await()
            .dontCatchUncaughtExceptions()
            .atMost(Duration.ofSeconds(90))
            .until(() -> application.status().state() == Health.State.FAILED);
        assertThat(application.status().reason()).containsIgnoringCase("space");

        Files.delete(filler);
        awaitEncoded(topics, connection);
      }
    }
  }

  private static Path fill(Path disk) throws IOException {
    Path filler = disk.resolve("filler");
    try (OutputStream out = Files.newOutputStream(filler)) {
      byte[] block = new byte[4096];
      while (true) {
        out.write(block);
      }
    } catch (IOException e) {
      // The disk is full now.
      return filler;
    }
  }

  private static void teach(Topics topics, Codecs codecs, Map<String, Object> connection) {
    RecordCodec<Example> codec = codecs.codec(Example.class);
    String topic = topics.examples().name();
    try (KafkaProducer<String, byte[]> producer =
        new KafkaProducer<>(connection, new StringSerializer(), new ByteArraySerializer())) {
      for (int i = 0; i < EXAMPLES; i++) {
        Example example =
            Example.newBuilder()
                .setTask("t")
                .setExampleId("e" + i)
                .setInput("text " + i)
                .setOutput("label")
                .setSource("import")
                .setLabeler("")
                .build();
        producer.send(new ProducerRecord<>(topic, "t/e" + i, codec.encode(topic, example)));
      }
    }
  }

  private static void awaitEncoded(Topics topics, Map<String, Object> connection) {
    Map<String, Object> config = new java.util.HashMap<>(connection);
    config.put("group.id", "reader");
    config.put("isolation.level", "read_committed");
    config.put("auto.offset.reset", "earliest");
    Set<String> keys = new HashSet<>();
    try (KafkaConsumer<String, byte[]> consumer =
        new KafkaConsumer<>(config, new StringDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(List.of(topics.encodedExamples().name()));
      await()
          .dontCatchUncaughtExceptions()
          .atMost(Duration.ofSeconds(180))
          .until(
              () -> {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> keys.add(record.key()));
                return keys.size() == EXAMPLES;
              });
    }
  }

  private static boolean run(String... command) throws Exception {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  /** Vectors that take room. */
  private static final class WideEncoder implements TextEncoder {

    @Override
    public List<Embedding> encode(Language language, List<String> texts) {
      return texts.stream().map(text -> new Embedding("wide", new float[8_000])).toList();
    }

    @Override
    public String name(Language language, String text) {
      return "wide";
    }
  }
}
