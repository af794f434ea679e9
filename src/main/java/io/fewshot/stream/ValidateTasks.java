package io.fewshot.stream;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fewshot.event.Codecs;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.RecordException;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.TaskDefinition;
import io.fewshot.event.Topics;
import io.fewshot.prompt.InvalidTaskException;
import io.fewshot.prompt.TaskYaml;
import io.fewshot.stream.DeadLetters.Reason;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets definitions through that can be used. A bad one becomes a dead letter and changes nothing:
 * the last valid definition stays in force.
 */
final class ValidateTasks implements Processor<byte[], byte[], byte[], byte[]> {

  private static final Logger LOG = LoggerFactory.getLogger(ValidateTasks.class);

  private final RecordCodec<TaskDefinition> codec;
  private final StreamSettings settings;
  private final StreamMeters meters;
  private final TaskYaml yaml = new TaskYaml();
  private ProcessorContext<byte[], byte[]> context;
  private RecordBuffer<BufferedRecord> room;
  private Cancellable tick;

  @SuppressWarnings("NullAway.Init")
  ValidateTasks(Codecs codecs, StreamSettings settings, StreamMeters meters) {
    this.codec = codecs.codec(TaskDefinition.class);
    this.settings = settings;
    this.meters = meters;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
    this.room =
        new RecordBuffer<>(
            context.getStateStore(LearningTopology.WAITING_TASKS),
            BufferBudget.ofHeap(),
            waiting -> waiting);
    this.tick =
        context.schedule(
            settings.drainEvery(), PunctuationType.WALL_CLOCK_TIME, now -> validateWaiting());
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    room.add(new BufferedRecord(RawRecord.of(record, context), context.currentSystemTimeMs()));
    validateWaiting();
  }

  @Override
  public void close() {
    tick.cancel();
  }

  /** In order, and no further than the first that the registry is needed for while it is away. */
  private void validateWaiting() {
    boolean any = false;
    for (BufferedRecord waiting : room.inOrder()) {
      try {
        validate(waiting.raw());
      } catch (RegistryUnavailableException e) {
        break;
      }
      room.remove(waiting.raw().offset());
      any = true;
    }
    if (any) {
      context.commit();
    }
  }

  private void validate(RawRecord raw) {
    byte @Nullable [] value = raw.value();
    if (value == null) {
      forward(raw, null);
      return;
    }
    try {
      TaskDefinition record = codec.decode(raw.topic(), raw.headers(), value);
      String name = yaml.parse(record.getDefinition()).task();
      requireSame("the record's task", record.getTask(), name);
      requireSame("the record's key", raw.key() == null ? "" : new String(raw.key(), UTF_8), name);
      forward(raw, record.getDefinition().getBytes(UTF_8));
    } catch (InvalidTaskException e) {
      giveUp(raw, Reason.INVALID_TASK, e);
    } catch (RegistryUnavailableException e) {
      throw e;
    } catch (RecordException e) {
      giveUp(raw, QueryReader.reason(e), e);
    }
  }

  private static void requireSame(String what, String found, String name) {
    if (!found.equals(name)) {
      throw new InvalidTaskException(
          "%s is `%s`, but the definition says `task: %s`".formatted(what, found, name));
    }
  }

  private void forward(RawRecord raw, byte @Nullable [] definition) {
    if (raw.key() == null) {
      return;
    }
    Headers headers = new RecordHeaders(raw.headers().toArray());
    headers.remove(HoldTasks.JUDGED);
    headers.add(HoldTasks.JUDGED, Long.toString(raw.offset()).getBytes(UTF_8));
    context.forward(
        new Record<>(raw.key(), definition, raw.timestamp(), headers),
        LearningTopology.VALID_TASKS);
  }

  /** What is in force stays in force; those who wait for this definition learn that it is bad. */
  private void forwardRefusal(RawRecord raw) {
    if (raw.key() != null) {
      byte[] key = (Topics.REFUSED_TASK + new String(raw.key(), UTF_8)).getBytes(UTF_8);
      byte[] offset = Long.toString(raw.offset()).getBytes(UTF_8);
      context.forward(
          new Record<>(key, offset, raw.timestamp(), new RecordHeaders()),
          LearningTopology.VALID_TASKS);
    }
  }

  private void giveUp(RawRecord raw, Reason reason, Throwable cause) {
    LOG.warn("Task definition refused: {}", cause.getMessage());
    meters.deadLetter(reason);
    context.forward(
        DeadLetters.of(raw, LearningTopology.VALIDATE, reason, cause), LearningTopology.DEAD_TASKS);
    forwardRefusal(raw);
  }
}
