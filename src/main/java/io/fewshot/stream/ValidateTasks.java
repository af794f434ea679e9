package io.fewshot.stream;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fewshot.event.Codecs;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.TaskDefinition;
import io.fewshot.event.Topics;
import io.fewshot.model.ModelCatalogue;
import io.fewshot.prompt.InvalidTaskException;
import io.fewshot.prompt.TaskYaml;
import io.fewshot.stream.DeadLetters.Reason;
import io.fewshot.stream.RecordLimits.TooLargeException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/**
 * Lets definitions through that can be used. A bad one becomes a dead letter and changes nothing:
 * the last valid definition stays in force. While its schema is not known a definition waits, and
 * those of its task behind it.
 */
final class ValidateTasks implements Processor<byte[], byte[], byte[], byte[]> {

  private final RecordCodec<TaskDefinition> codec;
  private final LearningParts parts;
  private final RecordLimits limits;
  private final StreamSettings settings;
  private final StreamMeters meters;
  private final TaskYaml yaml = new TaskYaml();
  private final ModelCatalogue models = ModelCatalogue.shipped();
  private ProcessorContext<byte[], byte[]> context;
  private Intake intake;
  private Cancellable tick;

  @SuppressWarnings("NullAway.Init")
  ValidateTasks(
      Codecs codecs,
      LearningParts parts,
      RecordLimits limits,
      StreamSettings settings,
      StreamMeters meters) {
    this.codec = codecs.codec(TaskDefinition.class);
    this.parts = parts;
    this.limits = limits;
    this.settings = settings;
    this.meters = meters;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
    this.intake =
        new Intake(
            limits,
            parts.corrections(),
            parts.faults(),
            new RecordBuffer<>(
                context.getStateStore(LearningTopology.WAITING_TASKS),
                parts.corrections(),
                waiting -> waiting),
            this::read);
    this.tick =
        context.schedule(
            settings.drainEvery(), PunctuationType.WALL_CLOCK_TIME, now -> intake.takeAgain());
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    RawRecord raw = RawRecord.of(record, context);
    try {
      intake.take(raw, context.currentSystemTimeMs());
    } catch (TooLargeException e) {
      giveUp(raw, Reason.TOO_LARGE, e);
    }
  }

  @Override
  public void close() {
    tick.cancel();
    intake.close();
  }

  /** Lets a definition through or gives it up; false when its schema is not known yet. */
  private boolean read(BufferedRecord waiting) {
    RawRecord raw = waiting.raw();
    byte @Nullable [] value = raw.value();
    byte @Nullable [] definition = null;
    try {
      if (value != null) {
        definition = valid(raw, codec.decode(raw.topic(), raw.headers(), value)).getBytes(UTF_8);
      }
    } catch (RegistryUnavailableException e) {
      return false;
    } catch (InvalidTaskException e) {
      giveUp(raw, Reason.INVALID_TASK, e);
      return true;
    } catch (RuntimeException e) {
      giveUp(raw, QueryReader.reason(e), e);
      return true;
    }
    forward(raw, definition);
    context.commit();
    return true;
  }

  private String valid(RawRecord raw, TaskDefinition record) {
    limits.checkId("task", record.getTask());
    io.fewshot.prompt.TaskDefinition task = parse(record.getDefinition());
    requireSame("the record's task", record.getTask(), task.task());
    requireSame(
        "the record's key", raw.key() == null ? "" : new String(raw.key(), UTF_8), task.task());
    models
        .problem(task.model())
        .ifPresent(
            problem -> {
              throw new InvalidTaskException(problem);
            });
    return record.getDefinition();
  }

  private io.fewshot.prompt.TaskDefinition parse(String definition) {
    try {
      return yaml.parse(definition);
    } catch (InvalidTaskException e) {
      throw e;
    } catch (RuntimeException | StackOverflowError e) {
      // Whatever a text does to the parser, it is a bad definition and no more.
      throw new InvalidTaskException("the definition cannot be read: " + e);
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
        new Record<>(raw.key(), definition, context.currentSystemTimeMs(), headers),
        LearningTopology.VALID_TASKS);
  }

  /**
   * What is in force stays in force; those who wait for this definition learn that it is bad. For a
   * key that is longer than a task's name may be, nobody waits.
   */
  private void forwardRefusal(RawRecord raw) {
    if (raw.key() != null && raw.key().length <= limits.id()) {
      byte[] key = (Topics.REFUSED_TASK + new String(raw.key(), UTF_8)).getBytes(UTF_8);
      byte[] offset = Long.toString(raw.offset()).getBytes(UTF_8);
      context.forward(
          new Record<>(key, offset, context.currentSystemTimeMs(), new RecordHeaders()),
          LearningTopology.VALID_TASKS);
    }
  }

  private void giveUp(RawRecord raw, Reason reason, Throwable cause) {
    meters.deadLetter(raw, reason, cause);
    context.forward(
        DeadLetters.of(raw, LearningTopology.VALIDATE, reason, cause), LearningTopology.DEAD_TASKS);
    forwardRefusal(raw);
    context.commit();
  }
}
