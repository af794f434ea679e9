package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.Codecs;
import io.fewshot.event.Example;
import io.fewshot.event.FakeRegistry;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.TaskDefinition;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.memory.Embedding;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.prompt.Language;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LearningTopologyTest {

  private static final Topics TOPICS = Topics.standard();
  private static final String GOOD = "task: greet\ninstruction: Greet.\n";

  @TempDir Path state;

  private final List<String> encodedTexts = new ArrayList<>();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private FakeRegistry registry;
  private Codecs codecs;
  private TopologyTestDriver driver;
  private TestInputTopic<String, byte[]> tasks;
  private TestInputTopic<String, byte[]> examples;
  private TestInputTopic<String, String> validTasksIn;
  private TestOutputTopic<String, String> validTasks;
  private TestOutputTopic<String, EncodedExample> encoded;
  private TestOutputTopic<String, byte[]> deadLetters;

  @BeforeEach
  void start() throws Exception {
    registry = FakeRegistry.start();
    codecs =
        Codecs.of(Map.of("schema.registry.url", registry.url(), "schema.registry.attempts", "1"));
    startDriver();
  }

  private void startDriver() {
    Properties config = new Properties();
    config.put("state.dir", state.toString());
    config.put(
        StreamsConfig.DEFAULT_TIMESTAMP_EXTRACTOR_CLASS_CONFIG, SaneTimestamps.class.getName());
    driver =
        new TopologyTestDriver(
            LearningTopology.build(
                TOPICS,
                codecs,
                LearningParts.of(
                    new CountingEncoder(), Runnable::run, new ExampleMemory(), new TaskCatalogue()),
                RecordLimits.standard(),
                StreamSettings.standard(),
                meters),
            config,
            Instant.parse("2026-01-01T00:00:00Z"));
    StringSerializer text = new StringSerializer();
    ByteArraySerializer bytes = new ByteArraySerializer();
    tasks = driver.createInputTopic(TOPICS.tasks().name(), text, bytes);
    examples = driver.createInputTopic(TOPICS.examples().name(), text, bytes);
    validTasksIn = driver.createInputTopic(TOPICS.validTasks().name(), text, text);
    StringDeserializer string = new StringDeserializer();
    validTasks = driver.createOutputTopic(TOPICS.validTasks().name(), string, string);
    encoded =
        driver.createOutputTopic(
            TOPICS.encodedExamples().name(), string, InternalSerde.encodedExample().deserializer());
    deadLetters =
        driver.createOutputTopic(TOPICS.deadLetters().name(), string, new ByteArrayDeserializer());
  }

  @AfterEach
  void stop() {
    driver.close();
    codecs.close();
    registry.close();
  }

  @Test
  void aValidDefinitionAndItsRemovalPass() {
    tasks.pipeInput("greet", definition("greet", GOOD));
    tasks.pipeInput("greet", (byte[]) null);

    assertThat(validTasks.readKeyValuesToList())
        .extracting(entry -> entry.value)
        .containsExactly(GOOD, null);
    assertThat(deadLetters.isEmpty()).isTrue();
  }

  @Test
  void definitionsThatCannotBeUsedBecomeDeadLetters() {
    tasks.pipeInput("greet", definition("greet", GOOD + "lables: [a]\n"));
    tasks.pipeInput("other", definition("other", GOOD));
    tasks.pipeInput("greet", definition("other", GOOD));
    tasks.pipeInput("greet", new byte[] {1, 2, 3});

    assertThat(deadLetters.readRecordsToList())
        .extracting(LearningTopologyTest::reason)
        .containsExactly("INVALID_TASK", "INVALID_TASK", "INVALID_TASK", "UNDECODABLE");
    assertThat(validTasks.readKeyValuesToList())
        .extracting(entry -> entry.key + "@" + entry.value)
        .containsExactly(
            "refused/greet@0", "refused/other@1", "refused/greet@2", "refused/greet@3");
  }

  @Test
  void examplesAreEncodedOnceAndTombstonesPass() {
    examples.pipeInput("greet/1", example("1", "hi", "hello"));
    examples.pipeInput("greet/1", example("1", "hi", "good day"));
    tick();
    examples.pipeInput("greet/1", example("1", "hi", "good day"));
    examples.pipeInput("greet/1", (byte[]) null);
    tick();

    assertThat(encoded.readKeyValuesToList())
        .extracting(entry -> entry.value == null ? null : entry.value.getOutput())
        .containsExactly("hello", "good day", "good day", null);
    assertThat(encodedTexts).containsExactly("hi");
  }

  @Test
  void anExampleThatIsRemovedInTheSameBatchStaysRemoved() {
    examples.pipeInput("greet/1", example("1", "hi", "hello"));
    examples.pipeInput("greet/1", (byte[]) null);
    tick();

    assertThat(encoded.readKeyValuesToList())
        .extracting(entry -> entry.value == null)
        .containsExactly(false, true);
  }

  @Test
  void aTaskThatChangesItsLanguageHasItsExamplesEncodedAnew() {
    examples.pipeInput("greet/1", example("1", "hi", "hello"));
    examples.pipeInput("greet/2", example("2", "你好", "hello"));
    tick();
    encoded.readKeyValuesToList();
    encodedTexts.clear();

    validTasksIn.pipeInput("greet", GOOD + "language: zh\n");
    driver.advanceWallClockTime(Duration.ofSeconds(2));

    assertThat(encodedTexts).containsExactly("hi");
    EncodedExample again = encoded.readValue();
    assertThat(again.getExampleId()).isEqualTo("1");
    assertThat(again.getEncodedBy()).isEqualTo("ZH");
    assertThat(encoded.isEmpty()).isTrue();
  }

  @Test
  void badExamplesBecomeDeadLettersAndTheOthersPass() {
    examples.pipeInput("greet/1", example("1", " ", "hello"));
    examples.pipeInput("greet/2", new byte[] {0, 0, 0, 99, 1, 5});
    examples.pipeInput("greet/3", example("3", "hi", "hello"));
    tick();

    assertThat(deadLetters.readRecordsToList())
        .extracting(LearningTopologyTest::reason)
        .containsExactly("EMPTY_TEXT", "UNKNOWN_SCHEMA");
    assertThat(encoded.readValue().getExampleId()).isEqualTo("3");
  }

  @Test
  void examplesAndTasksWaitInOrderWhileTheRegistryIsAway() throws Exception {
    byte[] task = definition("greet", GOOD);
    byte[] first = example("1", "hi", "hello");
    Map<Integer, String> schemas = Map.copyOf(registry.schemas);
    stop();
    start();
    registry.schemas.putAll(schemas);
    registry.faults.set(Integer.MAX_VALUE);

    tasks.pipeInput("greet", task);
    examples.pipeInput("greet/1", first);
    examples.pipeInput("greet/1", (byte[]) null);
    driver.advanceWallClockTime(Duration.ofMinutes(1));
    assertThat(validTasks.isEmpty()).isTrue();
    assertThat(encoded.isEmpty()).isTrue();

    registry.faults.set(0);
    tick();
    assertThat(validTasks.readValue()).isEqualTo(GOOD);
    assertThat(encoded.readKeyValuesToList())
        .extracting(entry -> entry.value == null)
        .containsExactly(false, true);
    assertThat(deadLetters.isEmpty()).isTrue();
  }

  private void tick() {
    driver.advanceWallClockTime(Duration.ofMillis(20));
  }

  private byte[] definition(String task, String yaml) {
    return codecs
        .codec(TaskDefinition.class)
        .encode(
            TOPICS.tasks().name(),
            TaskDefinition.newBuilder().setTask(task).setDefinition(yaml).build());
  }

  private byte[] example(String id, String input, String output) {
    return codecs
        .codec(Example.class)
        .encode(
            TOPICS.examples().name(),
            Example.newBuilder()
                .setTask("greet")
                .setExampleId(id)
                .setInput(input)
                .setOutput(output)
                .setSource("import")
                .setLabeler("")
                .build());
  }

  private static String reason(TestRecord<String, byte[]> letter) {
    return new String(
        letter.headers().lastHeader("fewshot.reason").value(), StandardCharsets.UTF_8);
  }

  /** Vectors without meaning; what matters is which texts are encoded and by which encoder. */
  private final class CountingEncoder implements TextEncoder {

    @Override
    public List<Embedding> encode(Language language, List<String> texts) {
      encodedTexts.addAll(texts);
      return texts.stream()
          .map(text -> new Embedding(name(language, text), new float[] {1, 0}))
          .toList();
    }

    @Override
    public String name(Language language, String text) {
      return language.of(text).name();
    }
  }
}
