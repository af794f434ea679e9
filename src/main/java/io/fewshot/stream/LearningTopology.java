package io.fewshot.stream;

import io.fewshot.event.Codecs;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.Topics;
import io.micrometer.core.instrument.MeterRegistry;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.Stores;

/**
 * Checks task definitions and encodes examples, once for the whole cluster; what comes out is held
 * by every instance.
 *
 * <pre>
 * tasks ────▶ validate ─┬─▶ valid-tasks ·······▶ tasks (on every instance)
 *                       ▼
 *             dead-letters
 *                       ▲
 * examples ─▶ encode ───┴─▶ encoded-examples
 *             (micro-batches; waiting-examples, encoded)
 * </pre>
 */
public final class LearningTopology {

  public static final String TASKS = "task-definitions";
  public static final String VALIDATE = "validate";
  public static final String VALID_TASKS = "valid-task-definitions";
  public static final String EXAMPLES = "examples";
  public static final String ENCODE = "encode";
  public static final String ENCODED_EXAMPLES = "encoded";

  /** A sink of their own each, so that the two ways stay apart and scale apart. */
  public static final String DEAD_TASKS = "dead-letters-of-tasks";

  public static final String DEAD_EXAMPLES = "dead-letters-of-examples";

  /** Store of the definitions that are not checked yet, because the registry is away. */
  public static final String WAITING_TASKS = "waiting-tasks";

  /** Store of the examples that are not encoded yet. */
  public static final String WAITING_EXAMPLES = "waiting-examples";

  /** Store of what was encoded, so that nothing is encoded twice. */
  public static final String ENCODED = "encoded-examples-by-key";

  private LearningTopology() {}

  /**
   * Builds the topology.
   *
   * @param tasks filled by the topology
   */
  public static Topology build(
      Topics topics,
      Codecs codecs,
      TextEncoder encoder,
      TaskCatalogue tasks,
      StreamSettings settings,
      MeterRegistry registry) {
    StreamMeters meters = new StreamMeters(registry);
    Serializer<byte[]> bytes = new ByteArraySerializer();

    Topology topology = new Topology();
    topology
        .addSource(
            TASKS, new ByteArrayDeserializer(), new ByteArrayDeserializer(), topics.tasks().name())
        .addProcessor(VALIDATE, () -> new ValidateTasks(codecs, settings, meters), TASKS)
        .addStateStore(WaitingRoom.store(WAITING_TASKS, Topics.TEXT_BYTES), VALIDATE)
        .addSink(VALID_TASKS, topics.validTasks().name(), bytes, bytes, VALIDATE)
        .addSink(DEAD_TASKS, topics.deadLetters().name(), bytes, bytes, VALIDATE)
        .addSource(
            EXAMPLES,
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer(),
            topics.examples().name())
        .addProcessor(
            ENCODE, () -> new EncodeExamples(codecs, encoder, tasks, settings, meters), EXAMPLES)
        .addStateStore(WaitingRoom.store(WAITING_EXAMPLES, Topics.TEXT_BYTES), ENCODE)
        .addStateStore(
            Stores.keyValueStoreBuilder(
                    Stores.persistentKeyValueStore(ENCODED),
                    Serdes.String(),
                    InternalSerde.encodedExample())
                .withCachingDisabled(),
            ENCODE)
        .addSink(ENCODED_EXAMPLES, topics.encodedExamples().name(), bytes, bytes, ENCODE)
        .addSink(DEAD_EXAMPLES, topics.deadLetters().name(), bytes, bytes, ENCODE);
    GlobalStores.addTasks(topology, topics, tasks);
    return topology;
  }
}
