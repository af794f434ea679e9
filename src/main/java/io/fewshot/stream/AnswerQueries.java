package io.fewshot.stream;

import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.ladder.Answer;
import io.fewshot.ladder.Answerer;
import io.fewshot.ladder.Answerer.Attempt;
import io.fewshot.ladder.Answerer.NotReadyException;
import io.fewshot.ladder.Message;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.stream.BatchComputation.Outcome;
import io.fewshot.stream.DeadLetters.Reason;
import io.fewshot.stream.QueryQueues.TaskQueue;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/**
 * Collects queries into micro-batches and has each batch answered; the enrichment with examples and
 * the inference happen inside {@link Answerer}.
 *
 * <p>Fast batches run the inexpensive rungs on new messages, on this stream thread, at its ticks;
 * in between it only reads ahead, so that a message is found behind another task's flood. Model
 * batches run the language model on escalated messages, on threads beside it: the stream thread
 * takes their answers at a later tick ({@link ModelAnswers}). So no fast answer waits for a model,
 * and no transaction is open while one computes; a record stays in its buffer until its answer is
 * sent.
 *
 * <p>What cannot be answered yet waits in a queue of its kind and task ({@link QueryQueues}), by
 * deadline: for its schema, for its task's definition, or for its language model, after which the
 * fast rungs' answer counts for what it is. A message that cannot be computed becomes a dead
 * letter; what fails for every message is waited out.
 */
final class AnswerQueries
    implements Processor<byte[], Object, byte[], Object>, ModelAnswers.Outlet {

  /** How long messages are left alone after what answers them was not there. */
  private static final long RETRY_MILLIS = 500;

  /** How often the schemas that queries wait for are asked about. */
  private static final long SCHEMAS_MILLIS = 50;

  /** A message that comes alone is answered after this part of the time a batch is waited for. */
  private static final int TICKS = 4;

  /** Of a fast batch's texts: the encoder reads the beginning only, the tokenizer all of it. */
  private static final long MAX_FAST_BYTES = 256 << 10;

  /** While several tasks have messages, a batch has this part of its usual size, but not less. */
  private static final int SHARED_BATCH = 4;

  private static final int MIN_SHARED_BATCH = 8;

  /** Records that are given up in one tick, so that it stays short. */
  private static final int MAX_AT_ONCE = 500;

  /** When nothing can be done and the memory for buffers is spent, the source is slowed down. */
  private static final long THROTTLE_NANOS = 20_000_000;

  private final AnsweringParts parts;
  private final QueryReader reader;
  private final AnswerRecords records;
  private final StreamSettings settings;
  private final StreamMeters meters;

  private ProcessorContext<byte[], Object> context;
  private RecordBuffer<BufferedQuery> buffer;
  private QueryQueues queues;
  private ModelAnswers model;
  private Cancellable tick;

  private long schemasNotBefore;

  /** When the first of the messages came that no batch was made from yet; 0 when there are none. */
  private long firstArrival;

  private long lastArrival;

  @SuppressWarnings("NullAway.Init")
  AnswerQueries(
      AnsweringParts parts,
      QueryReader reader,
      AnswerRecords records,
      StreamSettings settings,
      StreamMeters meters) {
    this.parts = parts;
    this.reader = reader;
    this.records = records;
    this.settings = settings;
    this.meters = meters;
  }

  @Override
  public void init(ProcessorContext<byte[], Object> context) {
    this.context = context;
    this.queues = new QueryQueues(parts.tasks(), settings.unknownTaskWait().toMillis());
    this.buffer =
        new RecordBuffer<>(
            context.getStateStore(AnsweringTopology.BUFFER), parts.budget(), BufferedQuery::new);
    this.model = new ModelAnswers(parts, queues, meters, this);
    buffer.inOrder().forEach(this::takeUpAgain);
    this.tick =
        context.schedule(
            settings.drainEvery().dividedBy(TICKS), PunctuationType.WALL_CLOCK_TIME, this::tick);
  }

  /** What a restart left in the buffer is read again; it was readable once. */
  private void takeUpAgain(BufferedQuery query) {
    QueryReader.Outcome outcome = reader.read(query.raw());
    if (outcome instanceof QueryReader.Outcome.Good good) {
      query.decoded(good.query());
    }
    // One that cannot be read is given up at the first tick, when records can be forwarded.
    queues.add(query);
  }

  @Override
  public void process(Record<byte[], Object> record) {
    IncomingQuery incoming = (IncomingQuery) record.value();
    long now = context.currentSystemTimeMs();
    BufferedQuery query = buffer.add(new BufferedRecord(incoming.raw(), now));
    query.decoded(incoming.query());
    queues.add(query);
    lastArrival = now;
    if (firstArrival == 0) {
      firstArrival = now;
    }
    parts.threads().arrived();
    if (query.isDecoded() && parts.tasks().find(query.query().getTask()).isPresent()) {
      parts.activity().seen(query.query().getTask(), now);
    }
    if (parts.budget().isSpent()) {
      makeRoom(now);
    }
  }

  @Override
  public void close() {
    tick.cancel();
    buffer.close();
    parts.threads().remove(context.taskId());
    meters.waiting(context.taskId(), 0);
  }

  private void tick(long now) {
    meters.waiting(context.taskId(), buffer.size());
    boolean mayAnswer = parts.threads().mayAnswer(context.taskId());
    model.send(now);
    decodeWaiting(now);
    queues.findTasks();
    giveUpWithoutTask(now);
    if (mayAnswer && !arriving(now)) {
      parts.threads().spend(() -> answerFast(now));
    }
    model.ask(now);
    if (mayAnswer) {
      parts.threads().spend(() -> model.fallBack(now));
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

  private void decodeWaiting(long now) {
    if (now < schemasNotBefore || !queues.waitsForSchemas()) {
      return;
    }
    schemasNotBefore = now + SCHEMAS_MILLIS;
    List<BufferedQuery> handled = new ArrayList<>();
    queues.decodeWaiting(
        reader,
        MAX_AT_ONCE,
        (query, outcome) -> {
          if (outcome instanceof QueryReader.Outcome.Good good) {
            query.decoded(good.query());
            queues.place(query);
          } else if (outcome instanceof QueryReader.Outcome.Bad bad) {
            giveUp(query, bad.reason(), bad.cause());
            handled.add(query);
          }
        });
    queues.advance(handled);
  }

  private void giveUpWithoutTask(long now) {
    List<BufferedQuery> expired = queues.withoutTask(now, MAX_AT_ONCE);
    for (BufferedQuery query : expired) {
      String message = "there is no task `%s`".formatted(query.query().getTask());
      giveUp(query, Reason.UNKNOWN_TASK, new DeadLetters.Refused(message));
    }
    queues.advance(expired);
  }

  private boolean mayAnswerFast(TaskQueue queue, long now) {
    return queue.mayAskFast(now) && !model.isBehind(queue);
  }

  /** Asks the fast rungs about the next messages of the task whose turn it is. */
  private boolean answerFast(long now) {
    firstArrival = 0;
    Optional<TaskQueue> next = queues.next(queue -> mayAnswerFast(queue, now));
    Optional<TaskDefinition> task = next.flatMap(queue -> parts.tasks().find(queue.task));
    if (next.isEmpty() || task.isEmpty()) {
      return false;
    }
    BatchSizer sizer = parts.fastSizes().of(next.get().task);
    String name = next.get().task;
    int size =
        parts.activity().isAlone(name, now)
            ? sizer.size()
            : Math.max(MIN_SHARED_BATCH, sizer.size() / SHARED_BATCH);
    List<BufferedQuery> batch = queues.takeFresh(next.get(), size, MAX_FAST_BYTES);
    long start = System.nanoTime();
    List<Outcome<Attempt>> outcomes =
        new BatchComputation<BufferedQuery, Attempt>(
                queries -> attempt(task.get(), queries),
                () -> parts.answerer().attempt(Probe.like(task.get(), batch)))
            .run(batch);
    long took = System.nanoTime() - start;
    sizer.took(batch.size(), took);
    meters.batch(batch.size(), took);
    settle(task.get(), batch, outcomes, now);
    return true;
  }

  private List<Attempt> attempt(TaskDefinition task, List<BufferedQuery> queries) {
    return parts
        .answerer()
        .attempt(queries.stream().map(q -> new Message(task, q.query().getText())).toList());
  }

  /** One that is settled behind one with the same key that is not is tried again later. */
  private void settle(
      TaskDefinition task, List<BufferedQuery> batch, List<Outcome<Attempt>> outcomes, long now) {
    Set<ByteBuffer> held = new HashSet<>();
    List<BufferedQuery> waiting = new ArrayList<>();
    for (int i = 0; i < batch.size(); i++) {
      BufferedQuery query = batch.get(i);
      Outcome<Attempt> outcome = outcomes.get(i);
      boolean open = query.key() == null || !held.contains(query.key());
      if (open && outcome instanceof Outcome.Computed<Attempt> computed) {
        Optional<Answer> settled = computed.result().settled();
        settled.ifPresent(answer -> send(task, query, answer));
        if (settled.isEmpty()) {
          query.escalate(computed.result(), now);
        }
      } else if (open && outcome instanceof Outcome.Failed<Attempt> failed) {
        giveUp(query, Reason.INFERENCE_FAILED, failed.cause());
      } else if (outcome instanceof Outcome.NotReady<Attempt> notReady) {
        wait(task, notReady.why(), now);
        waiting.add(query);
      }
      if (!query.isDone() && query.key() != null) {
        held.add(query.key());
      }
    }
    if (waiting.isEmpty()) {
      parts.faults().over(task.task());
    }
    queues.putBackFresh(waiting);
    batch.stream().filter(q -> q.isEscalated() && q.isPlaced()).forEach(queues::place);
    queues.advance(batch);
  }

  private void wait(TaskDefinition task, NotReadyException why, long now) {
    queues.of(task.task()).askFastLater(now + RETRY_MILLIS);
    parts.faults().noted(task.task(), String.valueOf(why.getMessage()));
  }

  /**
   * The buffers of the process are full. Work on what can be answered makes room; when there is
   * none, everything waits for something that is away, and the source is slowed down.
   */
  private void makeRoom(long now) {
    boolean[] answered = {false};
    parts.threads().spend(() -> answered[0] = answerFast(now));
    model.send(now);
    if (!answered[0]) {
      parts.faults().throttled();
      LockSupport.parkNanos(THROTTLE_NANOS);
    }
  }

  /** All records of an answer are made before any is sent: who fails here has sent nothing. */
  @Override
  public void send(TaskDefinition task, BufferedQuery query, Answer answer) {
    RawRecord raw = query.raw();
    RoutedAnswer routed;
    try {
      routed =
          records.of(
              new AnsweredQuery(raw, query.query(), task, answer), context.currentSystemTimeMs());
    } catch (RegistryUnavailableException e) {
      // Only before the schemas of results are known, which the start waits for.
      throw e;
    } catch (RuntimeException e) {
      giveUp(query, Reason.INFERENCE_FAILED, e);
      return;
    }
    context.forward(
        new Record<>(raw.key(), (Object) routed, raw.timestamp(), raw.headers()),
        AnsweringTopology.ROUTE);
    remove(query);
  }

  @Override
  public void giveUp(BufferedQuery query, Reason reason, Throwable cause) {
    RawRecord raw = query.raw();
    meters.deadLetter(raw, reason, cause);
    Record<byte[], byte[]> letter = DeadLetters.of(raw, AnsweringTopology.ANSWER, reason, cause);
    context.forward(letter.withValue((Object) letter.value()), AnsweringTopology.DEAD_LETTERS);
    remove(query);
  }

  private void remove(BufferedQuery query) {
    buffer.remove(query.raw().offset());
    queues.done(query);
    context.commit();
  }
}
