package io.fewshot.stream;

import io.fewshot.event.Correction;
import io.fewshot.event.RecordException;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.SeenMessage;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.stream.DeadLetters.Reason;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Joins corrections with the messages they are about. Each gives an example and a corrected result,
 * changes nothing because it was applied before, or becomes a dead letter; one whose message or
 * task is not known yet waits, and later ones of the same message wait behind it.
 *
 * <p>Among different corrections of one message the last in the topic counts. A record without a
 * value comes from {@link HoldSeen}: the message of its key is known now.
 */
final class ApplyCorrections implements Processor<byte[], byte[], byte[], byte[]> {

  private static final Logger LOG = LoggerFactory.getLogger(ApplyCorrections.class);
  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

  private final Teaching teaching;
  private final TaskCatalogue tasks;
  private final StreamSettings settings;
  private final StreamMeters meters;

  /** Those that wait, by query_id, each message's in order. */
  private final Map<String, List<Waiting>> waiting = new LinkedHashMap<>();

  private ProcessorContext<byte[], byte[]> context;
  private RecordBuffer<Waiting> room;
  private SeenMessages seen;
  private CorrectedMessages corrected;
  private Cancellable tick;

  /** A correction in the room. */
  private static final class Waiting {
    final long place;
    final long arrivedAt;
    final String queryId;
    final RawRecord raw;
    @Nullable Correction correction;

    /** Takes the producer's record out of the one that carried it here. */
    Waiting(BufferedRecord record) {
      RawRecord carrier = record.raw();
      if (carrier.key() == null || carrier.value() == null) {
        throw new IllegalStateException("a correction came without its query_id");
      }
      this.place = carrier.offset();
      this.arrivedAt = record.arrivedAt();
      this.queryId = new String(carrier.key(), StandardCharsets.UTF_8);
      this.raw = BufferedRecord.fromBytes(carrier.value()).raw();
    }
  }

  @SuppressWarnings("NullAway.Init")
  ApplyCorrections(
      Teaching teaching, TaskCatalogue tasks, StreamSettings settings, StreamMeters meters) {
    this.teaching = teaching;
    this.tasks = tasks;
    this.settings = settings;
    this.meters = meters;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
    this.seen = new SeenMessages(context.getStateStore(LearningTopology.SEEN_MESSAGES));
    this.corrected =
        new CorrectedMessages(context.getStateStore(LearningTopology.CORRECTED_MESSAGES));
    this.room =
        new RecordBuffer<>(
            context.getStateStore(LearningTopology.WAITING_FOR_MESSAGES),
            BufferBudget.ofHeap(),
            Waiting::new);
    waiting.clear();
    room.inOrder().forEach(this::queue);
    this.tick =
        context.schedule(
            LOOK_AGAIN,
            PunctuationType.WALL_CLOCK_TIME,
            now -> Set.copyOf(waiting.keySet()).forEach(this::applyWaiting));
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    if (record.value() == null) {
      applyWaiting(new String(record.key(), StandardCharsets.UTF_8));
      return;
    }
    Waiting arrived =
        room.add(new BufferedRecord(RawRecord.of(record, context), context.currentSystemTimeMs()));
    if (arrived.raw.value() == null) {
      forget(arrived);
    } else {
      queue(arrived);
      applyWaiting(arrived.queryId);
    }
  }

  @Override
  public void close() {
    tick.cancel();
  }

  private void queue(Waiting arrived) {
    waiting.computeIfAbsent(arrived.queryId, id -> new ArrayList<>()).add(arrived);
  }

  /** Applies what can be applied to a message, in order, up to the first that must wait. */
  private void applyWaiting(String queryId) {
    List<Waiting> queue = waiting.get(queryId);
    if (queue == null) {
      return;
    }
    int done = 0;
    try {
      // One that brings the text makes it known to those before it too.
      for (Waiting each : queue) {
        rememberOwnMessage(each);
      }
      while (done < queue.size() && isDone(queue.get(done))) {
        done++;
      }
    } catch (RegistryUnavailableException e) {
      LOG.debug("Corrections wait for the registry: {}", e.getMessage());
    }
    leave(queryId, queue, done);
  }

  private void leave(String queryId, List<Waiting> queue, int done) {
    if (done == 0) {
      return;
    }
    List<Waiting> finished = queue.subList(0, done);
    finished.forEach(each -> room.remove(each.place));
    finished.clear();
    if (queue.isEmpty()) {
      waiting.remove(queryId);
    }
    context.commit();
  }

  private void rememberOwnMessage(Waiting each) {
    long now = context.currentSystemTimeMs();
    Optional<Correction> read = correction(each);
    if (read.isEmpty()) {
      return;
    }
    Correction correction = read.get();
    String task = correction.getTask();
    String text = correction.getText();
    if (task != null
        && text != null
        && !text.isBlank()
        && seen.find(each.queryId, task, now).isEmpty()
        && !corrected.isDone(each.queryId, hash(each, correction))) {
      seen.remember(Teaching.ownMessage(each.raw, correction, task, text), now);
    }
  }

  /** The correction; empty when it can never be read. */
  private Optional<Correction> correction(Waiting each) {
    byte @Nullable [] value = each.raw.value();
    if (each.correction == null && value != null) {
      try {
        each.correction = teaching.decode(each.raw, value);
      } catch (RegistryUnavailableException e) {
        throw e;
      } catch (RecordException e) {
        return Optional.empty();
      }
    }
    return Optional.ofNullable(each.correction);
  }

  /** Whether the correction needs to wait no longer, whatever became of it. */
  private boolean isDone(Waiting each) {
    Optional<Correction> read = correction(each);
    if (read.isEmpty()) {
      return refuse(each, Reason.UNDECODABLE, "the correction cannot be read");
    }
    Correction correction = read.get();
    if (corrected.isDone(each.queryId, hash(each, correction))) {
      meters.correction(Objects.requireNonNullElse(correction.getTask(), ""), "repeated");
      return true;
    }
    if (each.queryId.isBlank()) {
      return refuse(each, Reason.UNKNOWN_QUERY, "the correction names no query_id");
    }
    String text = correction.getText();
    if (correction.getOutput().isBlank()) {
      return refuse(each, Reason.EMPTY_TEXT, "the correction has no output");
    }
    if (text != null && text.isBlank()) {
      return refuse(each, Reason.EMPTY_TEXT, "the correction's text is empty");
    }
    long now = context.currentSystemTimeMs();
    Optional<SeenMessage> message = seen.find(each.queryId, correction.getTask(), now);
    if (message.isEmpty()) {
      return now - each.arrivedAt >= settings.unknownQueryWait().toMillis()
          && refuse(
              each,
              Reason.UNKNOWN_QUERY,
              "no message `%s` was answered in the last %d days, and the correction brings no text"
                  .formatted(each.queryId, Topics.SEEN.toDays()));
    }
    SeenMessage about =
        text == null ? message.get() : SeenMessage.newBuilder(message.get()).setText(text).build();
    return isDone(each, correction, about, now);
  }

  private boolean isDone(Waiting each, Correction correction, SeenMessage message, long now) {
    Optional<TaskDefinition> task = tasks.find(message.getTask());
    if (task.isEmpty()) {
      return now - each.arrivedAt >= settings.unknownTaskWait().toMillis()
          && refuse(
              each, Reason.UNKNOWN_TASK, "there is no task `%s`".formatted(message.getTask()));
    }
    Set<String> labels = task.get().labels().keySet();
    if (!labels.isEmpty() && !labels.contains(correction.getOutput())) {
      return refuse(
          each,
          Reason.UNKNOWN_LABEL,
          "`%s` is no label of task %s".formatted(correction.getOutput(), message.getTask()));
    }
    // Complete before anything is changed: the registry may be away for either record.
    Teaching.Lesson lesson = teaching.of(each.raw, correction, message, now);
    context.forward(lesson.example(), LearningTopology.CORRECTED_EXAMPLES);
    context.forward(lesson.result(), LearningTopology.CORRECTED_RESULTS);
    lesson.audit().ifPresent(outcome -> context.forward(outcome, LearningTopology.AUDITS));
    corrected.corrected(each.queryId, message.getTask(), hash(each, correction));
    meters.correction(message.getTask(), "effective");
    return true;
  }

  private boolean refuse(Waiting each, Reason reason, String why) {
    LOG.warn("Correction refused: {}", why);
    meters.deadLetter(reason);
    context.forward(
        DeadLetters.of(each.raw, LearningTopology.APPLY, reason, why),
        LearningTopology.DEAD_CORRECTIONS);
    return true;
  }

  /**
   * Takes back all that a message taught; what waits for it goes too, and what was seen of it
   * unless it was only undone: then people are asked again, and their answer needs the query's key
   * and headers.
   */
  private void forget(Waiting request) {
    String queryId = request.queryId;
    long hash = CorrectedMessages.hash("forget", Long.toString(request.raw.timestamp()));
    if (!corrected.isDone(queryId, hash)) {
      List<Waiting> queue = waiting.remove(queryId);
      if (queue != null) {
        queue.forEach(each -> room.remove(each.place));
      }
      boolean undo = request.raw.headers().lastHeader(Topics.UNDO_HEADER) != null;
      if (!undo) {
        seen.forget(queryId);
      }
      long now = context.currentSystemTimeMs();
      List<String> tasks =
          undo
              ? corrected.undo(queryId, hash)
              : corrected.forget(queryId, request.raw.timestamp(), hash);
      for (String task : tasks) {
        context.forward(Teaching.removal(task, queryId, now), LearningTopology.CORRECTED_EXAMPLES);
        context.forward(Teaching.auditRemoval(task, queryId, now), LearningTopology.AUDITS);
        meters.correction(task, "forgotten");
      }
    }
    room.remove(request.place);
    context.commit();
  }

  private static long hash(Waiting each, Correction correction) {
    return CorrectedMessages.hash(
        String.valueOf(correction.getTask()),
        String.valueOf(correction.getText()),
        correction.getOutput(),
        correction.getLabeler(),
        Teaching.time(each.raw, correction).toString());
  }
}
