package io.fewshot.stream;

import io.fewshot.event.Codecs;
import io.fewshot.event.Example;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.ladder.Answerer.NotReadyException;
import io.fewshot.memory.Embedding;
import io.fewshot.prompt.LabelText;
import io.fewshot.prompt.Language;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.stream.BatchComputation.Outcome;
import io.fewshot.stream.DeadLetters.Reason;
import io.fewshot.stream.ExampleVectors.Draft;
import io.fewshot.stream.PatientEncoder.Wanted;
import io.fewshot.stream.RecordLimits.TooLargeException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;

/**
 * Encodes examples in micro-batches and sends them to every instance, and each as a record of the
 * fine-tuning data set with its split; a tombstone removes both. A task whose language changes has
 * its examples encoded anew.
 *
 * <p>What a correction teaches is encoded at once, on the stream thread. What else waits is
 * computed beside it in batches, so that a correction counts within a second while a large import
 * goes on; the two never have a key in common. Tasks take turns in both. A fault of the encoder is
 * waited out; a text that cannot be encoded while others can is a dead letter.
 *
 * <p>The data set is made here and not where corrections are applied, because here every example
 * comes by, imported or corrected, and because the split needs the vector.
 */
final class EncodeExamples implements Processor<byte[], byte[], byte[], byte[]> {

  /** Of an import, encoded in one go: about a tenth of a second on two cores. */
  private static final int BULK = 32;

  /** Tasks of which a batch is under way for this partition, at most. */
  private static final int MAX_UNDER_WAY = 16;

  /** Of the corrected examples of one task, before it is another's turn. */
  private static final int TURN = 16;

  /** Records that are dealt with in one tick without being encoded, so that it stays short. */
  private static final int MAX_AT_ONCE = 500;

  /** How long a task is left alone after its encoder could not be had. */
  private static final long RETRY_MILLIS = 500;

  /** When nothing can be done and the memory for buffers is spent, the source is slowed down. */
  private static final long THROTTLE_NANOS = 20_000_000;

  private final RecordCodec<Example> codec;
  private final LearningParts parts;
  private final RecordLimits limits;
  private final SplitBook splits;
  private final TrainingRecords training;
  private final StreamSettings settings;
  private final StreamMeters meters;
  private final Serializer<EncodedExample> serializer = InternalSerde.encodedExample().serializer();

  private final Map<String, UnderWay> underWay = new LinkedHashMap<>();
  private final Map<String, Long> notBefore = new HashMap<>();

  private ProcessorContext<byte[], byte[]> context;
  private TaskTurns<BufferedExample> corrected;
  private TaskTurns<BufferedExample> imported;
  private RecordBuffer<BufferedRecord> buffer;
  private UnreadRecords unread;
  private ExampleVectors vectors;
  private LanguageChanges languages;
  private Cancellable tick;

  /**
   * @param computed null when nothing of it had to be computed
   */
  private record UnderWay(ExampleBatch batch, BulkEncoder.@Nullable Batch computed) {

    boolean isDone() {
      return computed == null || computed.isDone();
    }

    Map<Wanted, Outcome<Embedding>> outcomes() {
      return computed == null ? Map.of() : computed.outcomes();
    }
  }

  @SuppressWarnings("NullAway.Init")
  EncodeExamples(
      Codecs codecs,
      LearningParts parts,
      RecordLimits limits,
      SplitBook splits,
      TrainingRecords training,
      StreamSettings settings,
      StreamMeters meters) {
    this.codec = codecs.codec(Example.class);
    this.parts = parts;
    this.limits = limits;
    this.splits = splits;
    this.training = training;
    this.settings = settings;
    this.meters = meters;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
    this.vectors =
        new ExampleVectors(
            context.getStateStore(LearningTopology.ENCODED), parts.encoder(), splits);
    // Kafka Streams may begin anew with the same processor.
    this.corrected = new TaskTurns<>();
    this.imported = new TaskTurns<>();
    underWay.clear();
    notBefore.clear();
    this.languages = new LanguageChanges(parts.tasks(), vectors, parts.bulk());
    this.buffer =
        new RecordBuffer<>(
            context.getStateStore(LearningTopology.WAITING_EXAMPLES),
            parts.examples(),
            record -> record);
    this.unread = new UnreadRecords(this::read, buffer.inOrder());
    this.tick =
        context.schedule(settings.drainEvery(), PunctuationType.WALL_CLOCK_TIME, this::tick);
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    long now = context.currentSystemTimeMs();
    RawRecord raw = RawRecord.of(record, context);
    try {
      limits.check(raw);
    } catch (TooLargeException e) {
      giveUp(raw, Reason.TOO_LARGE, e);
      return;
    }
    BufferedRecord arrived = new BufferedRecord(raw, now);
    buffer.add(arrived);
    unread.read(arrived);
    if (parts.examples().isSpent()) {
      makeRoom(now);
    }
  }

  /** What is waited for may not be there for long: then reading on would only cost memory. */
  private void makeRoom(long now) {
    int before = buffer.size();
    tick(now);
    if (buffer.size() >= before) {
      parts.faults().throttled();
      LockSupport.parkNanos(THROTTLE_NANOS);
    }
  }

  @Override
  public void close() {
    tick.cancel();
    languages.close();
    for (UnderWay each : underWay.values()) {
      if (each.computed() != null) {
        each.computed().cancel();
      }
    }
    underWay.clear();
    buffer.close();
  }

  /** Puts a record where it waits to be encoded; false when its schema is not known yet. */
  private boolean read(BufferedRecord record) {
    RawRecord raw = record.raw();
    Example example;
    try {
      byte @Nullable [] value = raw.value();
      if (value == null) {
        example = null;
      } else {
        Example decoded = codec.decode(raw.topic(), raw.headers(), value);
        example = valid(decoded);
        checkKey(raw, decoded);
      }
    } catch (RegistryUnavailableException e) {
      return false;
    } catch (Unfit e) {
      giveUp(raw, e.reason, new DeadLetters.Refused(String.valueOf(e.getMessage())));
      return true;
    } catch (RuntimeException e) {
      giveUp(raw, QueryReader.reason(e), e);
      return true;
    }
    BufferedExample buffered = BufferedExample.of(raw, example);
    (buffered.isCorrected() ? corrected : imported).add(buffered.task(), buffered);
    return true;
  }

  /** Readable, and yet no example. */
  private static final class Unfit extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Reason reason;

    Unfit(Reason reason, String message) {
      super(message);
      this.reason = reason;
    }
  }

  /**
   * What the record's key names is what a tombstone removes and what is listed: an example under
   * another key could be used and never be found again.
   */
  private static void checkKey(RawRecord raw, Example example) {
    String key = raw.key() == null ? "" : new String(raw.key(), StandardCharsets.UTF_8);
    String wanted = Topics.exampleKey(example.getTask(), example.getExampleId());
    if (!key.equals(wanted)) {
      throw new Unfit(
          Reason.WRONG_KEY,
          "the record's key is `%s`, and must be task/example_id: `%s`".formatted(key, wanted));
    }
  }

  private Example valid(Example example) {
    limits.checkText(example.getInput());
    limits.checkOutput(example.getOutput());
    limits.checkId("task", example.getTask());
    limits.checkExampleId(example.getExampleId());
    limits.checkId("source", example.getSource());
    limits.checkId("labeler", example.getLabeler());
    if (example.getInput().isBlank()) {
      throw new Unfit(Reason.EMPTY_TEXT, "the example has no text");
    }
    String output = LabelText.of(example.getOutput());
    if (output.isEmpty()) {
      throw new Unfit(Reason.EMPTY_TEXT, "the example has no output");
    }
    return Example.newBuilder(example).setOutput(output).build();
  }

  private void tick(long now) {
    unread.readAgain(MAX_AT_ONCE);
    if (training.ready()) {
      finishImported(now);
      encodeCorrected(now);
      startImported(now);
      send(languages.follow(now));
    }
  }

  private boolean mayTry(String task, long now) {
    return notBefore.getOrDefault(task, 0L) <= now;
  }

  private void encodeCorrected(long now) {
    for (int left = settings.maxBatch(); left > 0; ) {
      Optional<String> task = corrected.next(each -> mayTry(each, now));
      if (task.isEmpty()) {
        return;
      }
      List<BufferedExample> taken = corrected.take(task.get(), Math.min(left, TURN));
      left -= taken.size();
      ExampleBatch batch = new ExampleBatch(task.get(), taken, vectors, this::language, now);
      settle(batch, parts.encoder().encode(batch.wanted(), now), corrected, now);
    }
  }

  private void startImported(long now) {
    int left = MAX_AT_ONCE;
    while (left > 0 && underWay.size() < MAX_UNDER_WAY) {
      Optional<String> task =
          imported.next(each -> !underWay.containsKey(each) && mayTry(each, now));
      if (task.isEmpty()) {
        return;
      }
      List<BufferedExample> taken = imported.take(task.get(), BULK);
      left -= taken.size();
      ExampleBatch batch = new ExampleBatch(task.get(), taken, vectors, this::language, now);
      BulkEncoder.Batch computed =
          batch.wanted().isEmpty() ? null : parts.bulk().start(task.get(), batch.wanted(), now);
      underWay.put(task.get(), new UnderWay(batch, computed));
      finishImported(now);
    }
  }

  /** Sends what was computed meanwhile. */
  private void finishImported(long now) {
    for (Map.Entry<String, UnderWay> each : List.copyOf(underWay.entrySet())) {
      if (each.getValue().isDone()) {
        underWay.remove(each.getKey());
        settle(each.getValue().batch(), each.getValue().outcomes(), imported, now);
      }
    }
  }

  private void settle(
      ExampleBatch batch,
      Map<Wanted, Outcome<Embedding>> outcomes,
      TaskTurns<BufferedExample> from,
      long now) {
    List<Draft> drafts = new ArrayList<>();
    ExampleBatch.Left left =
        batch.settle(
            outcomes,
            this::language,
            new ExampleBatch.Settling() {
              @Override
              public void encoded(BufferedExample example, Draft draft) {
                drafts.add(draft);
                done(example.raw());
              }

              @Override
              public void removed(BufferedExample example) {
                // What was drafted before it must be written before it is removed.
                send(drafts);
                drafts.clear();
                remove(example);
                done(example.raw());
              }

              @Override
              public void failed(BufferedExample example, Throwable cause) {
                giveUp(example.raw(), Reason.INFERENCE_FAILED, cause);
              }
            });
    send(drafts);
    from.putBack(batch.task(), left.examples());
    NotReadyException why = left.why();
    if (why == null) {
      notBefore.remove(batch.task());
      parts.faults().over(batch.task());
    } else {
      notBefore.put(batch.task(), now + RETRY_MILLIS);
      parts.faults().noted(batch.task(), String.valueOf(why.getMessage()));
    }
    context.commit();
  }

  /** Until its task is known, a text counts as in the language of its script. */
  private Language language(Example example) {
    return parts
        .tasks()
        .find(example.getTask())
        .map(TaskDefinition::language)
        .orElse(Language.AUTO);
  }

  private void send(List<Draft> drafts) {
    for (ExampleVectors.Encoded encoded : vectors.complete(drafts)) {
      byte[] key = encoded.key().getBytes(StandardCharsets.UTF_8);
      byte[] value = serializer.serialize("", encoded.example());
      forward(key, value, LearningTopology.ENCODED_EXAMPLES);
      if (encoded.teaches()) {
        forward(key, training.of(encoded.example()), LearningTopology.DATASET);
      }
    }
  }

  /** With the present time: the example's own may be so old that the topic does not keep it. */
  private void forward(byte[] key, byte @Nullable [] value, String sink) {
    context.forward(
        new Record<>(key, value, context.currentSystemTimeMs(), new RecordHeaders()), sink);
  }

  private void remove(BufferedExample example) {
    byte @Nullable [] key = example.raw().key();
    if (key != null && example.key() != null) {
      vectors.remove(example.key());
      forward(key, null, LearningTopology.ENCODED_EXAMPLES);
      forward(key, null, LearningTopology.DATASET);
    }
  }

  private void giveUp(RawRecord raw, Reason reason, Throwable cause) {
    meters.deadLetter(raw, reason, cause);
    context.forward(
        DeadLetters.of(raw, LearningTopology.ENCODE, reason, cause),
        LearningTopology.DEAD_EXAMPLES);
    done(raw);
  }

  private void done(RawRecord raw) {
    if (buffer.contains(raw.offset())) {
      buffer.remove(raw.offset());
    }
    context.commit();
  }
}
