package io.fewshot.stream;

import io.fewshot.prompt.InvalidTaskException;
import io.fewshot.prompt.TaskYaml;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the catalogue as the topic of valid tasks has it. */
final class HoldTasks implements Processor<String, @Nullable String, Void, Void> {

  private static final Logger LOG = LoggerFactory.getLogger(HoldTasks.class);

  private final TaskCatalogue tasks;
  private final TaskYaml yaml = new TaskYaml();
  private KeyValueStore<String, String> store;

  @SuppressWarnings("NullAway.Init")
  HoldTasks(TaskCatalogue tasks) {
    this.tasks = tasks;
  }

  @Override
  public void init(ProcessorContext<Void, Void> context) {
    store = context.getStateStore(GlobalStores.TASKS);
  }

  @Override
  public void process(Record<String, @Nullable String> record) {
    String definition = record.value();
    if (definition == null) {
      store.delete(record.key());
      tasks.remove(record.key());
      return;
    }
    try {
      tasks.put(yaml.parse(definition));
      store.put(record.key(), definition);
    } catch (InvalidTaskException e) {
      // Written by a newer version that knows more keys: the last definition we understand stays.
      LOG.warn("Task {} cannot be read by this version: {}", record.key(), e.getMessage());
    }
  }
}
