package io.fewshot.stream;

import io.fewshot.ladder.Answer;
import io.fewshot.ladder.Answerer;
import io.fewshot.ladder.Answerer.Attempt;
import io.fewshot.ladder.Answerer.NotReadyException;
import io.fewshot.ladder.Message;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.stream.DeadLetters.Reason;
import io.fewshot.stream.QueryBatches.Batch;
import java.util.List;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Collects queries into micro-batches and has each batch answered: the enrichment with examples and
 * the inference happen inside {@link Answerer}, on this stream thread.
 *
 * <p>There are two kinds of batches. One asks the cheap rungs about new messages; it is answered
 * when it is full or at the next tick. One asks the dear rungs about those that must climb; it
 * waits until it is full or nothing cheap is left, and until the cheap results before it are
 * committed. So cheap answers overtake dear ones, and the language model gets full batches.
 *
 * <p>A batch that fails is halved until the culprit stands alone and becomes a dead letter. What
 * cannot be answered yet (its task unknown, its model loading, the registry away) stays in the
 * room.
 */
final class AnswerQueries implements Processor<byte[], Object, byte[], Object> {

  private static final Logger LOG = LoggerFactory.getLogger(AnswerQueries.class);

  /** How long a message is left alone after its model was not there. */
  private static final long TRY_AGAIN_MILLIS = 500;

  /** A message that comes alone is answered after this part of the time a batch is waited for. */
  private static final int TICKS = 4;

  private final Answerer answerer;
  private final TaskCatalogue tasks;
  private final QueryReader reader;
  private final StreamSettings settings;
  private final StreamMeters meters;
  private final BatchSizer cheapSize;
  private final BatchSizer dearSize;

  private ProcessorContext<byte[], Object> context;
  private WaitingRoom<WaitingQuery> room;
  private QueryBatches batches;
  private Cancellable tick;

  /** Whether something was sent that the next commit will show. */
  private boolean uncommitted;

  /** Whether the last tick left time for a commit: never twice, or dear batches would starve. */
  private boolean gaveWay;

  /** When the first of the messages came that no batch was made from yet; 0 when there are none. */
  private long firstArrival;

  private long lastArrival;

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
    this.cheapSize = new BatchSizer(settings.maxBatch(), settings.batchTarget().toMillis());
    this.dearSize = new BatchSizer(settings.maxBatch(), settings.batchTarget().toMillis());
  }

  @Override
  public void init(ProcessorContext<byte[], Object> context) {
    this.context = context;
    this.room =
        new WaitingRoom<>(context.getStateStore(AnsweringTopology.WAITING), WaitingQuery::new);
    this.batches = new QueryBatches(room, tasks, reader, settings.unknownTaskWait(), this::giveUp);
    this.tick =
        context.schedule(
            settings.drainEvery().dividedBy(TICKS), PunctuationType.WALL_CLOCK_TIME, this::tick);
  }

  @Override
  public void process(Record<byte[], Object> record) {
    IncomingQuery incoming = (IncomingQuery) record.value();
    room.enter(new WaitingRecord(incoming.raw(), context.currentSystemTimeMs()))
        .decoded(incoming.query());
    lastArrival = context.currentSystemTimeMs();
    if (firstArrival == 0) {
      firstArrival = lastArrival;
    }
    if (room.size() - batches.climbing() >= cheapSize.size()) {
      answerCheaply();
    }
  }

  @Override
  public void close() {
    tick.cancel();
    meters.waiting(context.taskId(), 0);
  }

  /** Between two ticks there is a commit; a dear batch would hold it up for seconds. */
  private void tick(long now) {
    meters.waiting(context.taskId(), room.size());
    boolean dearIsFull = batches.climbing() >= dearSize.size();
    if (arriving(now) && !dearIsFull) {
      return;
    }
    gaveWay = uncommitted && !gaveWay;
    uncommitted = false;
    if (gaveWay) {
      answerCheaply();
    } else if (dearIsFull || !answerCheaply()) {
      answerDearly();
    }
  }

  /**
   * Whether more can be expected at once. A batch takes longer than a tick, so the next tick is due
   * when it ends, and would find the one record that Kafka Streams passes on in between, though
   * hundreds are fetched already: batches of one at full load.
   */
  private boolean arriving(long now) {
    long drain = settings.drainEvery().toMillis();
    return firstArrival != 0 && now - firstArrival < drain && now - lastArrival < drain / TICKS;
  }

  /** Whether there was anything to ask the cheap rungs about. */
  private boolean answerCheaply() {
    firstArrival = 0;
    Optional<Batch> batch = batches.untried(cheapSize.size(), context.currentSystemTimeMs());
    batch.ifPresent(found -> timed(found, cheapSize, this::attempt));
    return batch.isPresent();
  }

  private void answerDearly() {
    batches
        .climbing(dearSize.size(), context.currentSystemTimeMs())
        .ifPresent(found -> timed(found, dearSize, this::finish));
  }

  private void timed(Batch batch, BatchSizer sizer, Consumer<Batch> answering) {
    long start = System.nanoTime();
    answering.accept(batch);
    long took = System.nanoTime() - start;
    sizer.took(batch.queries().size(), took);
    meters.batch(batch.queries().size(), took);
  }

  private void attempt(Batch batch) {
    HeldKeys held = new HeldKeys();
    guarded(
        batch.queries(),
        queries ->
            answerer.attempt(
                queries.stream().map(q -> new Message(batch.task(), q.query().getText())).toList()),
        (query, attempt) -> settle(batch.task(), query, attempt, held));
  }

  /** One that is settled behind one with the same key that must climb is tried again later. */
  private void settle(TaskDefinition task, WaitingQuery query, Attempt attempt, HeldKeys held) {
    if (held.holds(query.raw())) {
      return;
    }
    attempt
        .settled()
        .ifPresentOrElse(
            answer -> send(task, query, answer),
            () -> {
              batches.mustClimb(query, attempt, context.currentSystemTimeMs());
              held.hold(query.raw());
            });
  }

  private void finish(Batch batch) {
    guarded(
        batch.queries(),
        queries -> answerer.finish(queries.stream().<Attempt>map(WaitingQuery::attempt).toList()),
        (query, answer) -> send(batch.task(), query, answer));
  }

  /**
   * Leaves the messages waiting when it is too early, and halves a batch that fails.
   *
   * @param deliver not guarded: once something is sent, trying again would send it twice
   */
  private <T> void guarded(
      List<WaitingQuery> queries,
      Function<List<WaitingQuery>, List<T>> compute,
      BiConsumer<WaitingQuery, T> deliver) {
    List<T> results;
    try {
      results = compute.apply(queries);
    } catch (NotReadyException e) {
      LOG.debug("{} messages wait: {}", queries.size(), e.getMessage());
      long later = context.currentSystemTimeMs() + TRY_AGAIN_MILLIS;
      queries.forEach(query -> query.waitUntil(later));
      return;
    } catch (RuntimeException e) {
      halve(queries, compute, deliver, e);
      return;
    }
    for (int i = 0; i < queries.size(); i++) {
      deliver.accept(queries.get(i), results.get(i));
    }
  }

  private <T> void halve(
      List<WaitingQuery> queries,
      Function<List<WaitingQuery>, List<T>> compute,
      BiConsumer<WaitingQuery, T> deliver,
      RuntimeException cause) {
    if (queries.size() == 1) {
      giveUp(queries.get(0), Reason.INFERENCE_FAILED, cause);
      return;
    }
    LOG.warn("A batch of {} failed and is halved: {}", queries.size(), cause.toString());
    int half = queries.size() / 2;
    guarded(queries.subList(0, half), compute, deliver);
    guarded(queries.subList(half, queries.size()), compute, deliver);
  }

  private void send(TaskDefinition task, WaitingQuery query, Answer answer) {
    RawRecord raw = query.raw();
    AnsweredQuery answered = new AnsweredQuery(raw, query.query(), task, answer);
    context.forward(
        new Record<>(raw.key(), (Object) answered, raw.timestamp(), raw.headers()),
        AnsweringTopology.ROUTE);
    leave(raw);
  }

  private void giveUp(WaitingQuery query, Reason reason, Throwable cause) {
    RawRecord raw = query.raw();
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
    leave(raw);
  }

  private void leave(RawRecord raw) {
    batches.leave(raw.offset());
    uncommitted = true;
    context.commit();
  }
}
