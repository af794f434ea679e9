package io.fewshot.stream;

import io.fewshot.event.Codecs;
import io.fewshot.event.Example;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.RecordException;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.prompt.Language;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.stream.DeadLetters.Reason;
import io.fewshot.stream.ExampleVectors.Draft;
import io.fewshot.stream.ExampleVectors.Encoded;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.processor.Cancellable;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Encodes examples in micro-batches and sends them to every instance, and each as a record of the
 * fine-tuning data set with its split; a tombstone removes both. A task whose language changes has
 * its examples encoded anew.
 *
 * <p>What a correction teaches is encoded at once, on the stream thread. What else waits is
 * computed beside it in batches, so that a correction counts within a second while a large import
 * goes on; the two never have a key in common.
 *
 * <p>The data set is made here and not where corrections are applied, because here every example
 * comes by, imported or corrected, and because the split needs the vector.
 */
final class EncodeExamples implements Processor<byte[], byte[], byte[], byte[]> {

  private static final Logger LOG = LoggerFactory.getLogger(EncodeExamples.class);
  private static final Duration LANGUAGE_CHECK = Duration.ofSeconds(1);

  /** Of an import, encoded in one go: about a tenth of a second on two cores. */
  private static final int BULK = 32;

  /** Beyond so many in a partition corrections wait for the import; 6 times this is some 50 MB. */
  private static final int CAPACITY = 5_000;

  private final RecordCodec<Example> codec;
  private final TextEncoder encoder;
  private final TaskCatalogue tasks;
  private final SplitBook splits;
  private final TrainingRecords training;
  private final BulkEncoder bulk;
  private final StreamSettings settings;
  private final StreamMeters meters;
  private final Serializer<EncodedExample> serializer = InternalSerde.encodedExample().serializer();
  private final Map<String, Language> followed = new HashMap<>();

  private ProcessorContext<byte[], byte[]> context;
  private RecordBuffer<Waiting> room;
  private final Map<Long, Waiting> corrected = new TreeMap<>();
  private List<Waiting> underWay = List.of();
  private BulkEncoder.@Nullable Batch batch;
  private ExampleVectors vectors;
  private List<Cancellable> ticks;

  /** An example in the room. */
  private record Waiting(RawRecord raw, boolean corrected) {

    static Waiting of(BufferedRecord record) {
      byte @Nullable [] key = record.raw().key();
      return new Waiting(
          record.raw(),
          key != null && Topics.isCorrectedExample(new String(key, StandardCharsets.UTF_8)));
    }
  }

  @SuppressWarnings("NullAway.Init")
  EncodeExamples(
      Codecs codecs,
      TextEncoder encoder,
      TaskCatalogue tasks,
      SplitBook splits,
      TrainingRecords training,
      BulkEncoder bulk,
      StreamSettings settings,
      StreamMeters meters) {
    this.codec = codecs.codec(Example.class);
    this.encoder = encoder;
    this.tasks = tasks;
    this.splits = splits;
    this.training = training;
    this.bulk = bulk;
    this.settings = settings;
    this.meters = meters;
  }

  @Override
  public void init(ProcessorContext<byte[], byte[]> context) {
    this.context = context;
    this.vectors =
        new ExampleVectors(
            context.getStateStore(LearningTopology.ENCODED), encoder, splits, settings.maxBatch());
    this.room =
        new RecordBuffer<>(
            context.getStateStore(LearningTopology.WAITING_EXAMPLES),
            BufferBudget.ofHeap(),
            Waiting::of);
    room.inOrder().forEach(this::noteCorrected);
    this.ticks =
        List.of(
            context.schedule(
                settings.drainEvery(), PunctuationType.WALL_CLOCK_TIME, this::encodeWaiting),
            context.schedule(LANGUAGE_CHECK, PunctuationType.WALL_CLOCK_TIME, this::followTasks));
  }

  @Override
  public void process(Record<byte[], byte[]> record) {
    long now = context.currentSystemTimeMs();
    noteCorrected(room.add(new BufferedRecord(RawRecord.of(record, context), now)));
    if (room.size() >= CAPACITY) {
      encodeBulk(true);
    }
  }

  private void noteCorrected(Waiting waiting) {
    if (waiting.corrected()) {
      corrected.put(waiting.raw().offset(), waiting);
    }
  }

  @Override
  public void close() {
    ticks.forEach(Cancellable::cancel);
    BulkEncoder.Batch current = batch;
    if (current != null) {
      current.end();
      batch = null;
    }
  }

  private void encodeWaiting(long now) {
    if (!corrected.isEmpty()) {
      encode(List.copyOf(corrected.values()), settings.maxBatch(), encoder);
    }
    encodeBulk(false);
  }

  /** Writes the batch that was computed, waited for or not, and has the next one computed. */
  private void encodeBulk(boolean wait) {
    finishBatch(wait);
    if (batch == null && room.size() > 0 && training.ready()) {
      underWay = room.first(BULK);
      batch =
          bulk.start(underWay.stream().flatMap(each -> wanted(each.raw()).stream()).toList())
              .orElse(null);
      finishBatch(false);
    }
  }

  private void finishBatch(boolean wait) {
    BulkEncoder.Batch current = batch;
    if (current != null && (wait || current.isDone())) {
      current.end();
      batch = null;
      encode(
          underWay.stream().filter(each -> room.contains(each.raw().offset())).toList(),
          BULK,
          current);
    }
  }

  /** What has to be computed for a record; nothing when it cannot be read, or has its vector. */
  private Optional<BulkEncoder.Wanted> wanted(RawRecord raw) {
    try {
      if (raw.value() == null) {
        return Optional.empty();
      }
      Example example = codec.decode(raw.topic(), raw.headers(), raw.value());
      return vectors.isStored(example, language(example))
          ? Optional.empty()
          : Optional.of(new BulkEncoder.Wanted(language(example), example.getInput()));
    } catch (RecordException e) {
      // Dealt with when its turn comes.
      return Optional.empty();
    }
  }

  /** In order, and no further than the first that the registry is needed for while it is away. */
  private void encode(Collection<Waiting> examples, int most, TextEncoder by) {
    if (!training.ready()) {
      return;
    }
    vectors.encodeBy(by);
    List<Draft> drafts = new ArrayList<>();
    List<Long> done = new ArrayList<>();
    for (Waiting waiting : examples) {
      RawRecord raw = waiting.raw();
      if (done.size() == most || !take(raw, drafts)) {
        break;
      }
      done.add(raw.offset());
    }
    send(drafts);
    if (!done.isEmpty()) {
      done.forEach(
          offset -> {
            room.remove(offset);
            corrected.remove(offset);
          });
      context.commit();
    }
  }

  /** Whether the record is dealt with, or will be once the drafts are encoded. */
  private boolean take(RawRecord raw, List<Draft> drafts) {
    if (raw.value() == null) {
      // What was drafted before it must be written before it is removed.
      send(drafts);
      remove(raw);
      return true;
    }
    try {
      draft(raw, codec.decode(raw.topic(), raw.headers(), raw.value())).ifPresent(drafts::add);
      return true;
    } catch (RegistryUnavailableException e) {
      return false;
    } catch (RecordException e) {
      giveUp(raw, QueryReader.reason(e), e);
      return true;
    }
  }

  private Optional<Draft> draft(RawRecord raw, Example example) {
    if (example.getInput().isBlank()) {
      giveUp(raw, Reason.EMPTY_TEXT, new DeadLetters.Refused("the example has no text"));
      return Optional.empty();
    }
    return Optional.of(Draft.of(example, language(example), raw.timestamp()));
  }

  /** Until its task is known, a text counts as in the language of its script. */
  private Language language(Example example) {
    return tasks.find(example.getTask()).map(TaskDefinition::language).orElse(Language.AUTO);
  }

  private void followTasks(long now) {
    for (TaskDefinition task : tasks.all()) {
      if (followed.put(task.task(), task.language()) != task.language()) {
        vectors.encodeBy(encoder);
        vectors.follow(task, now).forEach(this::send);
      }
    }
  }

  private void send(List<Draft> drafts) {
    vectors.encode(drafts).forEach(this::send);
    drafts.clear();
  }

  private void send(Encoded encoded) {
    byte[] key = encoded.key().getBytes(StandardCharsets.UTF_8);
    byte[] value = serializer.serialize("", encoded.example());
    forward(key, value, encoded.time(), LearningTopology.ENCODED_EXAMPLES);
    if (encoded.teaches()) {
      byte[] record = training.of(encoded.example());
      forward(key, record, encoded.time(), LearningTopology.DATASET);
    }
  }

  private void forward(byte[] key, byte @Nullable [] value, long time, String sink) {
    context.forward(new Record<>(key, value, time, new RecordHeaders()), sink);
  }

  private void remove(RawRecord raw) {
    if (raw.key() != null) {
      vectors.remove(new String(raw.key(), StandardCharsets.UTF_8));
      forward(raw.key(), null, raw.timestamp(), LearningTopology.ENCODED_EXAMPLES);
      forward(raw.key(), null, raw.timestamp(), LearningTopology.DATASET);
    }
  }

  private void giveUp(RawRecord raw, Reason reason, Throwable cause) {
    LOG.warn("Example refused: {}", cause.getMessage());
    meters.deadLetter(reason);
    context.forward(
        DeadLetters.of(raw, LearningTopology.ENCODE, reason, cause),
        LearningTopology.DEAD_EXAMPLES);
  }
}
