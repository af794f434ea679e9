package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.InternalSerde;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.memory.StoredExample;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyTestDriver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One memory, filled by the global stores of both applications. */
class SharedMemoryTest {

  private static final Topics TOPICS = Topics.of("shared.", 1);

  @TempDir private Path state;

  private final ExampleMemory memory = new ExampleMemory();
  private TopologyTestDriver answering;
  private TopologyTestDriver learning;

  @BeforeEach
  void start() {
    answering = startAnswering();
    learning = startLearning();
  }

  @AfterEach
  void stop() {
    answering.close();
    learning.close();
    memory.close();
  }

  @Test
  void whoIsBehindChangesNothing() {
    // Given one application that has read an example, its correction and the removal of another
    send(answering, "t/a", example("a", "wrong"));
    send(answering, "t/b", example("b", "gone"));
    send(answering, "t/a", example("a", "right"));
    send(answering, "t/b", null);

    // When the other comes to the first of them
    send(learning, "t/a", example("a", "wrong"));
    send(learning, "t/b", example("b", "gone"));

    // Then
    assertThat(outputs()).containsExactly("right");
    // And when it overtakes
    send(learning, "t/a", example("a", "right"));
    send(learning, "t/b", null);
    send(learning, "t/c", example("c", "new"));
    assertThat(outputs()).containsExactly("new", "right");
  }

  @Test
  void oneThatStartsAgainFindsWhatTheOtherKeeps() {
    // Given
    send(answering, "t/a", example("a", "x"));
    send(learning, "t/a", example("a", "x"));

    // When
    learning.close();
    learning = startLearning();

    // Then
    assertThat(outputs()).containsExactly("x");

    // When both are gone, and what was removed meanwhile has left no trace
    answering.close();
    learning.close();
    answering = startAnswering();
    learning = startLearning();

    // Then
    assertThat(outputs()).isEmpty();
  }

  private TopologyTestDriver startAnswering() {
    Topology topology = new Topology();
    GlobalStores.addMemory(topology, TOPICS, memory);
    return start("answering", topology);
  }

  private TopologyTestDriver startLearning() {
    Topology topology = new Topology();
    GlobalStores.addSplits(topology, TOPICS, memory, new SplitBook(memory));
    return start("learning", topology);
  }

  private TopologyTestDriver start(String name, Topology topology) {
    Properties config = new Properties();
    config.put("state.dir", state.resolve(name).toString());
    return new TopologyTestDriver(topology, config);
  }

  private static void send(TopologyTestDriver application, String key, byte[] value) {
    TestInputTopic<String, byte[]> topic =
        application.createInputTopic(
            TOPICS.encodedExamples().name(), new StringSerializer(), new ByteArraySerializer());
    topic.pipeInput(key, value);
  }

  private List<String> outputs() {
    return memory.task("t").examples().stream().map(StoredExample::output).sorted().toList();
  }

  private static byte[] example(String id, String output) {
    EncodedExample example =
        EncodedExample.newBuilder()
            .setTask("t")
            .setExampleId(id)
            .setInput("text " + id)
            .setOutput(output)
            .setSource("import")
            .setLabeler("")
            .setCreatedAt(Instant.EPOCH)
            .setEncodedBy("enc")
            .setVector(InternalSerde.bytes(new float[] {1, 0}))
            .build();
    return InternalSerde.encodedExample().serializer().serialize("", example);
  }
}
