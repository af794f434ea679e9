package io.fewshot.stream;

import io.fewshot.event.Correction;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.SchemaRejectedException;
import io.fewshot.event.Topics;
import io.fewshot.event.UndecodableException;
import io.fewshot.event.internal.Decision;
import io.fewshot.event.internal.SeenMessage;
import io.fewshot.ladder.ExtractedFields;
import io.fewshot.prompt.Kind;
import io.fewshot.prompt.LabelText;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.stream.DeadLetters.Reason;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.KafkaException;
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
 * <p>What waits costs nothing until what it waits for is there, or its time is up: see {@link
 * CorrectionQueues}. When the memory for it is spent, those that have waited longest for a message
 * are given up early.
 *
 * <p>Among different corrections of one message the last in the topic counts. A record without a
 * value comes from {@link HoldSeen}: the message of its key is known now.
 */
final class ApplyCorrections implements Processor<byte[], byte[], byte[], byte[]> {

  private static final Logger LOG = LoggerFactory.getLogger(ApplyCorrections.class);
  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

  /** Corrections that are dealt with in one tick, so that it stays short. */
  private static final int MAX_AT_ONCE = 500;

  /** When the memory for buffers is spent and nothing makes room, the source is slowed down. */
  private static final long THROTTLE_NANOS = 20_000_000;

  private final Teaching teaching;
  private final LearningParts parts;
  private final RecordLimits limits;
  private final StreamSettings settings;
  private final StreamMeters meters;
  private final CorrectionOutcomes outcomes = new CorrectionOutcomes();

  private ProcessorContext<byte[], byte[]> context;
  private CorrectionQueues queues;
  private RecordBuffer<WaitingCorrection> buffer;
  private SeenMessages seen;
  private CorrectedMessages corrected;
  private Cancellable tick;

  /** What a restart left behind is taken up once records can be forwarded. */
  private Collection<WaitingCorrection> restored = List.of();

  private long seenTasks = -1;

  @SuppressWarnings("NullAway.Init")
  ApplyCorrections(
      Teaching teaching,
      LearningParts parts,
      RecordLimits limits,
      StreamSettings settings,
      StreamMeters meters) {
    this.teaching = teaching;
    this.parts = parts;
    this.limits = limits;
    this.settings = settings;
    this.meters = meters;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
    this.seen = new SeenMessages(context.getStateStore(LearningTopology.SEEN_MESSAGES));
    this.corrected =
        new CorrectedMessages(context.getStateStore(LearningTopology.CORRECTED_MESSAGES));
    this.buffer =
        new RecordBuffer<>(
            context.getStateStore(LearningTopology.WAITING_FOR_MESSAGES),
            parts.corrections(),
            WaitingCorrection::of);
    // Kafka Streams may begin anew with the same processor.
    this.queues = new CorrectionQueues();
    this.restored = buffer.inOrder();
    this.tick = context.schedule(LOOK_AGAIN, PunctuationType.WALL_CLOCK_TIME, this::tick);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    takeUpAgain();
    if (record.key() != null && record.value() == null) {
      apply(new String(record.key(), StandardCharsets.UTF_8));
      return;
    }
    RawRecord carrier = RawRecord.of(record, context);
    WaitingCorrection arrived;
    try {
      arrived = buffer.add(new BufferedRecord(carrier, context.currentSystemTimeMs()));
    } catch (UndecodableException e) {
      // Anybody may write here: one record must not stop the partition.
      meters.unreadable(StreamMeters.CORRECTIONS_BY_QUERY, "offset " + carrier.offset() + ": " + e);
      return;
    }
    takeUp(arrived);
    if (parts.corrections().isSpent()) {
      makeRoom();
    }
  }

  @Override
  public void close() {
    tick.cancel();
    buffer.close();
  }

  private void tick(long now) {
    takeUpAgain();
    long version = parts.tasks().version();
    if (version != seenTasks) {
      seenTasks = version;
      queues.tasksChanged(task -> parts.tasks().find(task).isPresent());
    }
    queues.retrySchemas(MAX_AT_ONCE, this::retry);
    queues.due(now, MAX_AT_ONCE).forEach(this::apply);
  }

  private void takeUpAgain() {
    Collection<WaitingCorrection> left = restored;
    restored = List.of();
    left.forEach(this::takeUp);
  }

  private void takeUp(WaitingCorrection arrived) {
    if (arrived.raw.value() == null) {
      takeBack(arrived);
      return;
    }
    boolean first = queues.add(arrived);
    boolean known = read(arrived) && rememberOwnMessage(arrived);
    if (first || known) {
      apply(arrived.queryId);
    }
  }

  private void takeBack(WaitingCorrection request) {
    try {
      forget(request);
    } catch (KafkaException e) {
      throw e;
    } catch (RuntimeException e) {
      LOG.error("Message {} cannot be forgotten", request.queryId, e);
      refuse(request, Reason.UNDECODABLE, e);
    }
    buffer.remove(request.place);
    context.commit();
  }

  private void retry(WaitingCorrection waiting) {
    if (read(waiting)) {
      rememberOwnMessage(waiting);
      apply(waiting.queryId);
    }
  }

  /** Reads a correction; false when its schema is not known yet, for which it then waits. */
  private boolean read(WaitingCorrection waiting) {
    byte @Nullable [] value = waiting.raw.value();
    if (waiting.isRead() || value == null) {
      return true;
    }
    try {
      Correction correction = teaching.decode(waiting.raw, value);
      KeyCorrections.check(limits, correction);
      waiting.read(correction);
    } catch (RegistryUnavailableException e) {
      queues.awaitSchema(waiting, QueryReader.schemaId(waiting.raw));
      return false;
    } catch (RuntimeException e) {
      waiting.unreadable(e);
    }
    return true;
  }

  /** Applies what can be applied to a message, in order, up to the first that must wait. */
  private void apply(String queryId) {
    for (Optional<WaitingCorrection> first = queues.first(queryId);
        first.isPresent() && isDone(first.get());
        first = queues.first(queryId)) {
      leave(first.get());
    }
  }

  private void leave(WaitingCorrection done) {
    queues.done(done);
    buffer.remove(done.place);
    context.commit();
  }

  /** One that brings the text makes it known to those before it too; whether it did. */
  private boolean rememberOwnMessage(WaitingCorrection each) {
    Correction correction = each.correction();
    if (correction == null) {
      return false;
    }
    long now = context.currentSystemTimeMs();
    String task = correction.getTask();
    String text = correction.getText();
    if (task == null || text == null || text.isBlank()) {
      return false;
    }
    try {
      if (seen.find(each.queryId, task, now).isEmpty()
          && !corrected.isDone(each.queryId, hash(each, correction))) {
        seen.remember(Teaching.ownMessage(each.raw, correction, task, text), now);
        return true;
      }
    } catch (KafkaException e) {
      throw e;
    } catch (RuntimeException e) {
      each.unreadable(e);
    }
    return false;
  }

  /** Whether the correction needs to wait no longer, whatever became of it. */
  private boolean isDone(WaitingCorrection each) {
    RuntimeException unreadable = each.unreadable();
    if (unreadable != null) {
      return refuse(each, QueryReader.reason(unreadable), unreadable);
    }
    Correction correction = each.correction();
    if (correction == null) {
      return false;
    }
    try {
      return isDone(each, correction);
    } catch (KafkaException e) {
      throw e;
    } catch (RegistryUnavailableException | SchemaRejectedException e) {
      LOG.debug("Corrections wait for the registry: {}", e.getMessage());
      queues.awaitSchema(each, CorrectionQueues.WRITING);
      return false;
    } catch (RuntimeException e) {
      // Nothing was sent: all of a lesson is made before.
      LOG.error("A correction of message {} failed unexpectedly", each.queryId, e);
      return refuse(each, Reason.UNDECODABLE, e);
    }
  }

  private boolean isDone(WaitingCorrection each, Correction correction) {
    if (corrected.isDone(each.queryId, hash(each, correction))) {
      String task = Objects.requireNonNullElse(correction.getTask(), "");
      meters.correction(task, "repeated");
      decided(each, Decision.REPEATED, task);
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
      long until = each.arrivedAt + settings.unknownQueryWait().toMillis();
      if (now >= until) {
        return refuse(
            each,
            Reason.UNKNOWN_QUERY,
            "no message `%s` was answered in the last %d days, and the correction brings no text"
                .formatted(each.queryId, Topics.SEEN.toDays()));
      }
      queues.awaitMessage(each, until);
      return false;
    }
    SeenMessage about =
        text == null ? message.get() : SeenMessage.newBuilder(message.get()).setText(text).build();
    limits.checkText(about.getText());
    return isDone(each, correction, about, now);
  }

  private boolean isDone(
      WaitingCorrection each, Correction correction, SeenMessage message, long now) {
    Optional<TaskDefinition> task = parts.tasks().find(message.getTask());
    if (task.isEmpty()) {
      long until = each.taskSoughtAt(now) + settings.unknownTaskWait().toMillis();
      if (now >= until) {
        return refuse(
            each, Reason.UNKNOWN_TASK, "there is no task `%s`".formatted(message.getTask()));
      }
      queues.awaitTask(each, message.getTask(), until);
      return false;
    }
    Set<String> labels = task.get().labels().keySet();
    if (!labels.isEmpty() && !labels.contains(correction.getOutput())) {
      return refuse(
          each,
          Reason.UNKNOWN_LABEL,
          "`%s` is no label of task %s%s"
              .formatted(
                  correction.getOutput(),
                  message.getTask(),
                  LabelText.alike(correction.getOutput(), labels)
                      .map(": is `%s` meant?"::formatted)
                      .orElse("")));
    }
    if (task.get().kind() == Kind.EXTRACT) {
      Optional<String> problem = ExtractedFields.problem(correction.getOutput(), List.of());
      if (problem.isPresent()) {
        return refuse(each, Reason.INVALID_OUTPUT, problem.get());
      }
    }
    // Complete before anything is changed: the registry may be away for either record.
    Teaching.Lesson lesson = teaching.of(each.raw, correction, message, now);
    context.forward(lesson.example(), LearningTopology.CORRECTED_EXAMPLES);
    context.forward(lesson.result(), LearningTopology.CORRECTED_RESULTS);
    lesson.audit().ifPresent(outcome -> context.forward(outcome, LearningTopology.AUDITS));
    corrected.corrected(each.queryId, message.getTask(), hash(each, correction));
    meters.correction(message.getTask(), "effective");
    decided(each, Decision.APPLIED, message.getTask());
    return true;
  }

  /** The oldest that wait for a message are given up, rather than anything being held up. */
  private void makeRoom() {
    for (int left = MAX_AT_ONCE; left > 0 && parts.corrections().isSpent(); left--) {
      Optional<WaitingCorrection> oldest = queues.longestWithoutMessage();
      if (oldest.isEmpty()) {
        parts.faults().throttled();
        LockSupport.parkNanos(THROTTLE_NANOS);
        return;
      }
      refuse(
          oldest.get(),
          Reason.UNKNOWN_QUERY,
          "no message `%s` is known yet, and too many corrections wait for theirs"
              .formatted(oldest.get().queryId));
      leave(oldest.get());
      apply(oldest.get().queryId);
    }
  }

  private boolean refuse(WaitingCorrection each, Reason reason, String why) {
    return refuse(each, reason, new DeadLetters.Refused(why));
  }

  private boolean refuse(WaitingCorrection each, Reason reason, RuntimeException cause) {
    meters.deadLetter(each.raw, reason, cause);
    context.forward(
        DeadLetters.of(each.raw, LearningTopology.APPLY, reason, cause),
        LearningTopology.DEAD_CORRECTIONS);
    context.forward(
        outcomes.refused(each.queryId, each.raw, reason, cause, context.currentSystemTimeMs()),
        LearningTopology.OUTCOMES);
    return true;
  }

  private void decided(WaitingCorrection each, Decision decision, String task) {
    context.forward(
        outcomes.of(each.queryId, each.raw, decision, task, context.currentSystemTimeMs()),
        LearningTopology.OUTCOMES);
  }

  /**
   * Takes back all that a message taught; what waits for it goes too, and what was seen of it
   * unless it was only undone: then people are asked again, and their answer needs the query's key
   * and headers.
   */
  private void forget(WaitingCorrection request) {
    String queryId = request.queryId;
    long hash = CorrectedMessages.hash("forget", Long.toString(request.raw.timestamp()));
    if (corrected.isDone(queryId, hash)) {
      decided(request, Decision.REPEATED, "");
    } else {
      List<WaitingCorrection> waiting = queues.takeAll(queryId);
      waiting.forEach(each -> buffer.remove(each.place));
      waiting.forEach(each -> decided(each, Decision.WITHDRAWN, ""));
      boolean undo = request.raw.headers().lastHeader(Topics.UNDO_HEADER) != null;
      boolean wasSeen = !undo && seen.forget(queryId);
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
      boolean something = wasSeen || !waiting.isEmpty() || !tasks.isEmpty();
      decided(
          request,
          something ? Decision.WITHDRAWN : Decision.NOTHING,
          tasks.isEmpty() ? "" : tasks.get(0));
    }
  }

  /** With the time as the producer wrote it, whatever it is: a repeated record has the same. */
  private static long hash(WaitingCorrection each, Correction correction) {
    Instant own = correction.getCreatedAt();
    return CorrectedMessages.hash(
        String.valueOf(correction.getTask()),
        String.valueOf(correction.getText()),
        correction.getOutput(),
        correction.getLabeler(),
        (own == null ? Instant.ofEpochMilli(each.raw.timestamp()) : own).toString());
  }
}
