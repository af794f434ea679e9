package io.fewshot.stream;

import io.fewshot.event.InternalSerde;
import io.fewshot.event.Topics;
import io.fewshot.ladder.AuditBook;
import io.fewshot.memory.ExampleMemory;
import java.util.function.Consumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.state.Stores;

/**
 * What every instance holds in full: the task definitions, the example memory and what audits said.
 * All come from internal topics that hold only what was already checked and encoded, so filling
 * them never fails on a bad record, never asks the registry and never encodes, not even when
 * everything is replayed at a start.
 */
final class GlobalStores {

  static final String TASKS = "tasks";
  static final String MEMORY = "memory";
  static final String SPLITS = "splits";
  static final String AUDITS = "audits";

  private GlobalStores() {}

  static void addTasks(Topology topology, Topics topics, TaskCatalogue tasks, StreamMeters meters) {
    topology.addGlobalStore(
        Stores.keyValueStoreBuilder(
                Stores.inMemoryKeyValueStore(TASKS), Serdes.String(), Serdes.String())
            .withLoggingDisabled(),
        "valid-tasks",
        new StringDeserializer(),
        new StringDeserializer(),
        topics.validTasks().name(),
        "hold-tasks",
        () -> new HoldTasks(tasks, meters));
  }

  static void addMemory(Topology topology, Topics topics, ExampleMemory memory) {
    addExamples(topology, topics, MEMORY, memory, () -> {}, key -> {});
  }

  /** The memory for those who learn, which may be the same that others answer from. */
  static void addSplits(Topology topology, Topics topics, ExampleMemory memory, SplitBook splits) {
    addExamples(topology, topics, SPLITS, memory, splits::clear, splits::settled);
  }

  private static void addExamples(
      Topology topology,
      Topics topics,
      String store,
      ExampleMemory memory,
      Runnable opened,
      Consumer<ExampleKey> settled) {
    topology.addGlobalStore(
        new MemoryStore.Builder(
            store,
            () -> {
              opened.run();
              memory.log().open(store, memory::clear);
            },
            () -> memory.log().close(store)),
        store.equals(MEMORY) ? "encoded-examples" : "examples-with-splits",
        new StringDeserializer(),
        new ByteArrayDeserializer(),
        topics.encodedExamples().name(),
        store.equals(MEMORY) ? "hold-examples" : "hold-splits",
        () -> new HoldExamples(memory, InternalSerde.encodedExample().deserializer(), settled));
  }

  static void addAudits(Topology topology, Topics topics, AuditBook audits, StreamMeters meters) {
    topology.addGlobalStore(
        new MemoryStore.Builder(AUDITS, audits::clear),
        "audit-outcomes",
        new StringDeserializer(),
        new ByteArrayDeserializer(),
        topics.audits().name(),
        "hold-audits",
        () -> new HoldAudits(audits, meters));
  }
}
