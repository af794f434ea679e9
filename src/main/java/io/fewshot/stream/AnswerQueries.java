package io.fewshot.stream;

import io.fewshot.event.Query;
import io.fewshot.ladder.Answer;
import io.fewshot.ladder.Answerer;
import io.fewshot.ladder.Answerer.NotReadyException;
import io.fewshot.ladder.Message;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.stream.DeadLetters.Reason;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
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
 * Collects queries into micro-batches and has each batch answered: the enrichment with examples and
 * the inference happen inside {@link Answerer}, on this stream thread.
 *
 * <p>A full batch is answered at once, one that is not full at the next tick. A batch holds
 * messages of one task, taken in the order of their offsets, and never overtakes an earlier message
 * with the same key, whatever that one waits for. A batch that fails is halved until the culprit
 * stands alone and becomes a dead letter. What cannot be answered yet (its task unknown, its model
 * loading, the registry away) stays in the room.
 */
final class AnswerQueries implements Processor<byte[], Object, byte[], Object> {

  private static final Logger LOG = LoggerFactory.getLogger(AnswerQueries.class);

  /** How long a message is left alone after what it needs was not there. */
  private static final long TRY_AGAIN_MILLIS = 500;

  private final Answerer answerer;
  private final TaskCatalogue tasks;
  private final QueryReader reader;
  private final StreamSettings settings;
  private final StreamMeters meters;
  private final BatchSizer sizer;

  /**
   * Until when the registry is not asked again: one question after another would cost its timeout
   * each.
   */
  private long registryNotBefore;

  private ProcessorContext<byte[], Object> context;
  private WaitingRoom<Waiting> room;
  private Cancellable tick;

  /** A message in the room. */
  private static final class Waiting {
    final WaitingRecord record;
    @Nullable Query query;
    long notBefore;

    Waiting(WaitingRecord record) {
      this.record = record;
    }

    RawRecord raw() {
      return record.raw();
    }
  }

  /** Messages of one task, in order. */
  private record Batch(TaskDefinition task, List<Waiting> messages) {}

  @SuppressWarnings("NullAway.Init")
  AnswerQueries(
      Answerer answerer,
      TaskCatalogue tasks,
      QueryReader reader,
      StreamSettings settings,
      StreamMeters meters) {
    this.answerer = answerer;
    this.tasks = tasks;
    this.reader = reader;
    this.settings = settings;
    this.meters = meters;
    this.sizer = new BatchSizer(settings.maxBatch(), settings.batchTarget().toMillis());
  }

  @Override
  public void init(ProcessorContext<byte[], Object> context) {
    this.context = context;
    this.room = new WaitingRoom<>(context.getStateStore(AnsweringTopology.WAITING), Waiting::new);
    this.tick =
        context.schedule(
            settings.drainEvery(), PunctuationType.WALL_CLOCK_TIME, now -> answerNextBatch());
  }

  @Override
  public void process(Record<byte[], Object> record) {
    IncomingQuery incoming = (IncomingQuery) record.value();
    room.enter(new WaitingRecord(incoming.raw(), context.currentSystemTimeMs())).query =
        incoming.query();
    if (room.size() >= sizer.size()) {
      answerNextBatch();
    }
  }

  @Override
  public void close() {
    tick.cancel();
  }

  private void answerNextBatch() {
    Optional<Batch> batch = nextBatch(context.currentSystemTimeMs());
    if (batch.isPresent()) {
      List<Waiting> messages = batch.get().messages();
      long start = System.nanoTime();
      answer(batch.get().task(), messages);
      long took = System.nanoTime() - start;
      sizer.took(messages.size(), took);
      meters.batch(messages.size(), took);
    }
  }

  /**
   * The earliest messages of one task that nothing holds up; gives up those that cannot be
   * answered.
   */
  private Optional<Batch> nextBatch(long now) {
    Set<ByteBuffer> heldKeys = new HashSet<>();
    List<Waiting> batch = new ArrayList<>();
    @Nullable TaskDefinition chosen = null;
    for (Waiting waiting : room.inOrder()) {
      if (batch.size() == sizer.size()) {
        break;
      }
      if (isHeld(waiting, heldKeys)) {
        continue;
      }
      Optional<TaskDefinition> task = readyTask(waiting, now);
      boolean takes = task.isPresent() && (chosen == null || chosen.equals(task.get()));
      if (takes) {
        chosen = task.get();
        batch.add(waiting);
      } else {
        hold(waiting, heldKeys);
      }
    }
    return chosen == null ? Optional.empty() : Optional.of(new Batch(chosen, batch));
  }

  private static boolean isHeld(Waiting waiting, Set<ByteBuffer> heldKeys) {
    byte @Nullable [] key = waiting.raw().key();
    return key != null && heldKeys.contains(ByteBuffer.wrap(key));
  }

  private static void hold(Waiting waiting, Set<ByteBuffer> heldKeys) {
    byte @Nullable [] key = waiting.raw().key();
    if (key != null) {
      heldKeys.add(ByteBuffer.wrap(key));
    }
  }

  /**
   * The message's task when it can be answered now; a message without hope becomes a dead letter.
   */
  private Optional<TaskDefinition> readyTask(Waiting waiting, long now) {
    if (now < waiting.notBefore) {
      return Optional.empty();
    }
    if (waiting.query == null && !decode(waiting, now)) {
      return Optional.empty();
    }
    String name = query(waiting).getTask();
    Optional<TaskDefinition> task = tasks.find(name);
    if (task.isEmpty()
        && now - waiting.record.arrivedAt() >= settings.unknownTaskWait().toMillis()) {
      giveUp(
          waiting,
          Reason.UNKNOWN_TASK,
          new DeadLetters.Refused("there is no task `%s`".formatted(name)));
    }
    return task;
  }

  private boolean decode(Waiting waiting, long now) {
    if (now < registryNotBefore) {
      return false;
    }
    QueryReader.Outcome outcome = reader.read(waiting.raw());
    if (outcome instanceof QueryReader.Outcome.Good good) {
      waiting.query = good.query();
      return true;
    }
    if (outcome instanceof QueryReader.Outcome.Bad bad) {
      giveUp(waiting, bad.reason(), bad.cause());
    } else {
      registryNotBefore = now + TRY_AGAIN_MILLIS;
    }
    return false;
  }

  private void answer(TaskDefinition task, List<Waiting> messages) {
    List<Answer> answers;
    try {
      answers = answerer.answer(messages.stream().map(m -> message(task, m)).toList());
    } catch (NotReadyException e) {
      LOG.debug("{} messages of {} wait: {}", messages.size(), task.task(), e.getMessage());
      long later = context.currentSystemTimeMs() + TRY_AGAIN_MILLIS;
      messages.forEach(message -> message.notBefore = later);
      return;
    } catch (RuntimeException e) {
      answerApart(task, messages, e);
      return;
    }
    for (int i = 0; i < messages.size(); i++) {
      finish(task, messages.get(i), answers.get(i));
    }
    context.commit();
  }

  private void answerApart(TaskDefinition task, List<Waiting> messages, RuntimeException cause) {
    if (messages.size() == 1) {
      giveUp(messages.get(0), Reason.INFERENCE_FAILED, cause);
      return;
    }
    LOG.warn("A batch of {} failed and is halved: {}", messages.size(), cause.toString());
    int half = messages.size() / 2;
    answer(task, messages.subList(0, half));
    answer(task, messages.subList(half, messages.size()));
  }

  private static Message message(TaskDefinition task, Waiting waiting) {
    return new Message(task, query(waiting).getText());
  }

  private static Query query(Waiting waiting) {
    if (waiting.query == null) {
      throw new IllegalStateException("a message was taken into a batch undecoded");
    }
    return waiting.query;
  }

  private void finish(TaskDefinition task, Waiting waiting, Answer answer) {
    RawRecord raw = waiting.raw();
    AnsweredQuery answered = new AnsweredQuery(raw, query(waiting), task, answer);
    context.forward(
        new Record<>(raw.key(), (Object) answered, raw.timestamp(), raw.headers()),
        AnsweringTopology.ROUTE);
    room.leave(raw.offset());
  }

  private void giveUp(Waiting waiting, Reason reason, Throwable cause) {
    RawRecord raw = waiting.raw();
    meters.deadLetter(reason);
    LOG.warn(
        "Dead letter {} from {}-{}@{}: {}",
        reason,
        raw.topic(),
        raw.partition(),
        raw.offset(),
        cause.getMessage());
    context.forward(
        DeadLetters.of(raw, AnsweringTopology.ANSWER, reason, cause)
            .withValue((Object) raw.value()),
        AnsweringTopology.DEAD_LETTERS);
    room.leave(raw.offset());
    context.commit();
  }
}
