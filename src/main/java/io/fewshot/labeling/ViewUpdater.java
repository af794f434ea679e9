package io.fewshot.labeling;

import io.fewshot.event.ActiveRelease;
import io.fewshot.event.Codecs;
import io.fewshot.event.Correction;
import io.fewshot.event.Example;
import io.fewshot.event.InternalSerde;
import io.fewshot.event.LabelingRequest;
import io.fewshot.event.ModelRelease;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.Result;
import io.fewshot.event.SaneTime;
import io.fewshot.event.Status;
import io.fewshot.event.Topic;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.AuditOutcome;
import io.fewshot.event.internal.CorrectionOutcome;
import io.fewshot.event.internal.Decision;
import io.fewshot.event.internal.Vote;
import io.fewshot.ops.SparseLog;
import io.fewshot.prompt.InvalidTaskException;
import io.fewshot.prompt.TaskYaml;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.Deserializer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Puts the records of the topics into the view. A record that cannot be read is counted and left
 * out. For one thread.
 */
final class ViewUpdater implements Consumer<ConsumerRecord<byte[], byte[]>> {

  private static final Logger LOG = LoggerFactory.getLogger(ViewUpdater.class);

  private final SparseLog log = new SparseLog(LOG);
  private final Map<String, Handler> handlers = new HashMap<>();
  private final LabelingView view;
  private final DryRuns dryRuns;
  private final Counter unreadable;
  private final TaskYaml yaml = new TaskYaml();

  /** What one topic's records mean. */
  private interface Handler {
    void accept(ConsumerRecord<byte[], byte[]> record, String key, byte @Nullable [] value);
  }

  ViewUpdater(
      Topics topics,
      Codecs codecs,
      LabelingView view,
      DryRuns dryRuns,
      Decisions decisions,
      MeterRegistry registry) {
    this.view = view;
    this.dryRuns = dryRuns;
    this.unreadable =
        Counter.builder("fewshot.labeling.unreadable")
            .description("Records that the labeling page could not read")
            .register(registry);
    RecordCodec<LabelingRequest> requests = codecs.codec(LabelingRequest.class);
    RecordCodec<Result> results = codecs.codec(Result.class);
    RecordCodec<Correction> corrections = codecs.codec(Correction.class);
    RecordCodec<Example> examples = codecs.codec(Example.class);
    RecordCodec<ModelRelease> releases = codecs.codec(ModelRelease.class);
    RecordCodec<ActiveRelease> active = codecs.codec(ActiveRelease.class);
    handlers.put(topics.validTasks().name(), (record, key, value) -> task(key, value));
    handlers.put(
        topics.labeling().name(),
        (record, key, value) -> {
          LabelingRequest request = decode(requests, record, value);
          if (request != null) {
            view.request(OpenRequest.of(request, time(record)));
          }
        });
    handlers.put(
        topics.results().name(),
        (record, key, value) -> {
          Result result = decode(results, record, value);
          if (result != null) {
            result(record, result);
          }
        });
    handlers.put(
        topics.corrections().name(),
        (record, key, value) -> {
          if (value == null) {
            view.withdrawn(key, time(record), Publisher.has(record, Topics.UNDO_HEADER));
            return;
          }
          Correction correction = Objects.requireNonNull(decode(corrections, record, value));
          view.correction(
              new Decisions.Place(record.partition(), record.offset()),
              correction,
              SaneTime.of(correction.getCreatedAt(), time(record).toEpochMilli()));
        });
    Deserializer<CorrectionOutcome> outcomes = InternalSerde.correctionOutcome().deserializer();
    handlers.put(
        topics.outcomes().name(),
        (record, key, value) -> {
          CorrectionOutcome outcome = outcomes.deserialize(record.topic(), value);
          if (outcome == null) {
            return;
          }
          if (outcome.getDecision() == Decision.REFUSED) {
            view.refused(new Decisions.Place(outcome.getPartition(), outcome.getOffset()));
          }
          decisions.add(outcome);
        });
    Deserializer<Vote> votes = InternalSerde.vote().deserializer();
    handlers.put(
        topics.votes().name(),
        (record, key, value) -> {
          Vote vote = votes.deserialize(record.topic(), value);
          if (vote == null) {
            view.votesWithdrawn(key);
          } else {
            view.vote(
                vote.getQueryId(),
                vote.getTask(),
                new Ballot.Vote(
                    vote.getLabeler(),
                    vote.getOutput(),
                    SaneTime.of(vote.getAt(), time(record).toEpochMilli())));
          }
        });
    handlers.put(
        topics.examples().name(),
        (record, key, value) -> view.example(key, decode(examples, record, value)));
    handlers.put(
        topics.releases().name(),
        (record, key, value) -> view.release(key, decode(releases, record, value)));
    Deserializer<AuditOutcome> audits = InternalSerde.auditOutcome().deserializer();
    handlers.put(
        topics.audits().name(),
        (record, key, value) -> view.audit(key, audits.deserialize(record.topic(), value)));
    handlers.put(
        topics.active().name(),
        (record, key, value) -> view.active(key, decode(active, record, value)));
  }

  /** The topics that the view is made of. */
  static List<Topic> topics(Topics topics) {
    return List.of(
        topics.validTasks(),
        topics.examples(),
        topics.corrections(),
        topics.outcomes(),
        topics.results(),
        topics.labeling(),
        topics.releases(),
        topics.active(),
        topics.audits(),
        topics.votes());
  }

  @Override
  public void accept(ConsumerRecord<byte[], byte[]> record) {
    Handler handler = handlers.get(record.topic());
    if (handler == null) {
      return;
    }
    String key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
    try {
      handler.accept(record, key, record.value());
    } catch (RegistryUnavailableException e) {
      throw e;
    } catch (RuntimeException e) {
      // Whatever is in it: the page must go on for all others.
      unreadable.increment();
      log.warn(
          record.topic(),
          () ->
              "Left out %s-%d at %d: %s"
                  .formatted(record.topic(), record.partition(), record.offset(), e.getMessage()));
    }
  }

  private void task(String name, byte @Nullable [] definition) {
    if (name.startsWith(Topics.REFUSED_TASK)) {
      return;
    }
    try {
      view.task(
          name,
          definition == null ? null : yaml.parse(new String(definition, StandardCharsets.UTF_8)));
    } catch (InvalidTaskException e) {
      unreadable.increment();
      log.warn("task", () -> "Left out task %s: %s".formatted(name, e.getMessage()));
    }
  }

  private void result(ConsumerRecord<byte[], byte[]> record, Result result) {
    if (Publisher.has(record, Topics.DRY_RUN)) {
      Header prompt = record.headers().lastHeader(Topics.PROMPT_HEADER);
      String text = prompt == null ? null : new String(prompt.value(), StandardCharsets.UTF_8);
      dryRuns.complete(new DryRuns.Tried(result, text));
    } else if (result.getStatus() != Status.CORRECTED) {
      view.firstResult(result.getQueryId(), FirstResult.of(result));
    }
  }

  private static <T> @Nullable T decode(
      RecordCodec<T> codec, ConsumerRecord<byte[], byte[]> record, byte @Nullable [] value) {
    return value == null ? null : codec.decode(record.topic(), record.headers(), value);
  }

  private static Instant time(ConsumerRecord<byte[], byte[]> record) {
    return Instant.ofEpochMilli(SaneTime.of(record.timestamp(), System.currentTimeMillis()));
  }
}
