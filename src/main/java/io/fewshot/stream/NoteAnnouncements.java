package io.fewshot.stream;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/**
 * Notes which tasks have a definition in their topic, by the key alone: whether it can be used is
 * for the learning application to judge, and until it has, messages for the task wait.
 */
final class NoteAnnouncements implements Processor<byte[], byte[], Void, Void> {

  private final TaskCatalogue tasks;
  private ProcessorContext<Void, Void> context;

  @SuppressWarnings("NullAway.Init")
  NoteAnnouncements(TaskCatalogue tasks) {
    this.tasks = tasks;
  }

  @Override
  public void init(ProcessorContext<Void, Void> context) {
    this.context = context;
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    byte @Nullable [] key = record.key();
    if (key != null) {
      String task = new String(key, StandardCharsets.UTF_8);
      context.recordMetadata().ifPresent(at -> tasks.announced(task, at.offset()));
    }
  }
}
