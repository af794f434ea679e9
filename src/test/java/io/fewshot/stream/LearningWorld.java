package io.fewshot.stream;

import io.fewshot.event.Codecs;
import io.fewshot.event.Correction;
import io.fewshot.event.Example;
import io.fewshot.event.FakeRegistry;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.Result;
import io.fewshot.event.TaskDefinition;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.event.internal.SeenMessage;
import io.fewshot.memory.ExampleMemory;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.apache.kafka.streams.test.TestRecord;

/** The learning application under a driver that steps through it, with all of its topics. */
final class LearningWorld implements AutoCloseable {

  static final Topics TOPICS = Topics.standard();
  static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  final FakeRegistry registry;
  final Codecs codecs;
  final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  final LearningParts parts;
  final TopologyTestDriver driver;
  final TestInputTopic<byte[], byte[]> tasks;
  final TestInputTopic<byte[], byte[]> corrections;
  final TestInputTopic<byte[], byte[]> seen;
  final TestInputTopic<byte[], byte[]> examplesIn;
  final TestOutputTopic<String, Result> results;
  final TestOutputTopic<String, Example> examples;
  final TestOutputTopic<String, EncodedExample> encoded;
  final TestOutputTopic<String, String> validTasks;
  final TestOutputTopic<byte[], byte[]> deadLetters;

  LearningWorld(Path state, LearningParts parts, RecordLimits limits) throws Exception {
    this.parts = parts;
    registry = FakeRegistry.start();
    codecs =
        Codecs.of(Map.of("schema.registry.url", registry.url(), "schema.registry.attempts", "1"));
    Properties config = new Properties();
    config.put("state.dir", state.toString());
    config.put(
        StreamsConfig.DEFAULT_TIMESTAMP_EXTRACTOR_CLASS_CONFIG, SaneTimestamps.class.getName());
    driver =
        new TopologyTestDriver(
            LearningTopology.build(
                TOPICS, codecs, parts, limits, StreamSettings.standard(), meters),
            config,
            START);
    tasks = input(TOPICS.tasks().name());
    corrections = input(TOPICS.corrections().name());
    seen = input(TOPICS.seen().name());
    examplesIn = input(TOPICS.examples().name());
    results = output(TOPICS.results().name(), codecs.serde(Result.class).deserializer());
    examples = output(TOPICS.examples().name(), codecs.serde(Example.class).deserializer());
    encoded =
        output(TOPICS.encodedExamples().name(), InternalSerde.encodedExample().deserializer());
    validTasks = output(TOPICS.validTasks().name(), new StringDeserializer());
    deadLetters =
        driver.createOutputTopic(
            TOPICS.deadLetters().name(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  static LearningParts parts(TextEncoder encoder) {
    return LearningParts.of(encoder, Runnable::run, new ExampleMemory(), new TaskCatalogue());
  }

  /** The same with little room. */
  static LearningParts parts(TextEncoder encoder, BufferBudget budget) {
    LearningParts parts = parts(encoder);
    return new LearningParts(
        parts.encoder(),
        parts.bulk(),
        parts.memory(),
        parts.tasks(),
        budget,
        budget,
        parts.faults());
  }

  TestInputTopic<byte[], byte[]> input(String topic) {
    return driver.createInputTopic(topic, new ByteArraySerializer(), new ByteArraySerializer());
  }

  <V> TestOutputTopic<String, V> output(String topic, Deserializer<V> values) {
    return driver.createOutputTopic(topic, new StringDeserializer(), values);
  }

  void define(String task, String more) {
    tasks.pipeInput(utf8(task), definition(task, more));
  }

  byte[] definition(String task, String more) {
    String yaml = "task: %s\ninstruction: Name it.\n%s\n".formatted(task, more);
    return codecs
        .codec(TaskDefinition.class)
        .encode(
            TOPICS.tasks().name(),
            TaskDefinition.newBuilder().setTask(task).setDefinition(yaml).build());
  }

  void saw(String queryId, String task, String text) {
    SeenMessage message =
        SeenMessage.newBuilder()
            .setQueryId(queryId)
            .setTask(task)
            .setText(text)
            .setTimestamp(START)
            .build();
    seen.pipeInput(utf8(queryId), InternalSerde.seenMessage().serializer().serialize("", message));
  }

  void correct(String queryId, String output) {
    corrections.pipeInput(utf8(queryId), bytes(correction(queryId, output).build()));
  }

  static Correction.Builder correction(String queryId, String output) {
    return Correction.newBuilder().setQueryId(queryId).setOutput(output).setLabeler("ann");
  }

  byte[] bytes(Correction correction) {
    return codecs.codec(Correction.class).encode(TOPICS.corrections().name(), correction);
  }

  void teach(String task, String id, String input) {
    examplesIn.pipeInput(utf8(task + "/" + id), example(task, id, input));
  }

  byte[] example(String task, String id, String input) {
    return bytes(
        Example.newBuilder()
            .setTask(task)
            .setExampleId(id)
            .setInput(input)
            .setOutput("a")
            .setSource("import")
            .setLabeler("")
            .build());
  }

  byte[] bytes(Example example) {
    return codecs.codec(Example.class).encode(TOPICS.examples().name(), example);
  }

  /** The same record as if written with another schema's id. */
  static byte[] withSchema(byte[] value, int id) {
    byte[] changed = value.clone();
    changed[1] = 0;
    changed[2] = 0;
    changed[3] = 0;
    changed[4] = (byte) id;
    return changed;
  }

  void tick() {
    pass(Duration.ofMillis(20));
  }

  void pass(Duration time) {
    driver.advanceWallClockTime(time);
  }

  List<String> reasons() {
    return deadLetters.readRecordsToList().stream()
        .map(letter -> header(letter, DeadLetters.REASON))
        .toList();
  }

  List<String> encodedKeys() {
    return encoded.readKeyValuesToList().stream()
        .map(entry -> entry.key + (entry.value == null ? " removed" : ""))
        .toList();
  }

  double unreadable(String topic) {
    return meters.counter("fewshot.records.unreadable", "topic", topic).count();
  }

  static String header(TestRecord<?, ?> letter, String name) {
    return new String(letter.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
  }

  static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    driver.close();
    codecs.close();
    registry.close();
  }
}
