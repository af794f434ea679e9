package io.fewshot.stream;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fewshot.event.Topics;
import io.fewshot.prompt.InvalidTaskException;
import io.fewshot.prompt.TaskYaml;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the catalogue as the topic of valid tasks has it. */
final class HoldTasks implements Processor<String, @Nullable String, Void, Void> {

  /** Header of a valid definition: its position in the topic of definitions. */
  static final String JUDGED = "fewshot.judged";

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
    if (record.key().startsWith(Topics.REFUSED_TASK)) {
      judged(record.key().substring(Topics.REFUSED_TASK.length()), definition);
      return;
    }
    Header judged = record.headers().lastHeader(JUDGED);
    if (judged != null) {
      judged(record.key(), new String(judged.value(), UTF_8));
    }
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

  private void judged(String task, @Nullable String offset) {
    if (offset != null) {
      tasks.judged(task, Long.parseLong(offset));
    }
  }
}
