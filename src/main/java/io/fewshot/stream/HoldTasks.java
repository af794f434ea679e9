package io.fewshot.stream;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fewshot.event.Topics;
import io.fewshot.prompt.TaskYaml;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.jspecify.annotations.Nullable;

/** Keeps the catalogue as the topic of valid tasks has it. */
final class HoldTasks implements Processor<String, @Nullable String, Void, Void> {

  /** Header of a valid definition: its position in the topic of definitions. */
  static final String JUDGED = "fewshot.judged";

  private final TaskCatalogue tasks;
  private final TaskYaml yaml = new TaskYaml();
  private final StreamMeters meters;
  private KeyValueStore<String, String> store;

  @SuppressWarnings("NullAway.Init")
  HoldTasks(TaskCatalogue tasks, StreamMeters meters) {
    this.tasks = tasks;
    this.meters = meters;
  }

  @Override
  public void init(ProcessorContext<Void, Void> context) {
    store = context.getStateStore(GlobalStores.TASKS);
  }

  @Override
  public void process(Record<String, @Nullable String> record) {
    String key = record.key();
    if (key == null) {
      meters.unreadable(StreamMeters.VALID_TASKS, "it has no key");
      return;
    }
    try {
      if (key.startsWith(Topics.REFUSED_TASK)) {
        judged(key.substring(Topics.REFUSED_TASK.length()), record.value());
        return;
      }
      hold(key, record.value());
      // Only now: a message that looks in between would find neither task nor hope for one.
      Header judged = record.headers().lastHeader(JUDGED);
      if (judged != null && judged.value() != null) {
        judged(key, new String(judged.value(), UTF_8));
      }
    } catch (KafkaException e) {
      throw e;
    } catch (RuntimeException | StackOverflowError e) {
      // Written by a newer version that knows more, or by anybody: the last definition we
      // understand stays.
      meters.unreadable(StreamMeters.VALID_TASKS, "task " + key + ": " + e.getMessage());
    }
  }

  private void hold(String key, @Nullable String definition) {
    if (definition == null) {
      store.delete(key);
      tasks.remove(key);
    } else {
      tasks.put(yaml.parse(definition));
      store.put(key, definition);
    }
  }

  private void judged(String task, @Nullable String offset) {
    if (offset != null) {
      tasks.judged(task, Long.parseLong(offset));
    }
  }
}
