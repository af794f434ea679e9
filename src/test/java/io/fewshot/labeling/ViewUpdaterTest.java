package io.fewshot.labeling;

import static io.fewshot.labeling.LabelingFixtures.T0;
import static io.fewshot.labeling.LabelingFixtures.TASK;
import static io.fewshot.labeling.LabelingFixtures.correction;
import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.Codecs;
import io.fewshot.event.Correction;
import io.fewshot.event.FakeRegistry;
import io.fewshot.event.LabelingRequest;
import io.fewshot.event.Topic;
import io.fewshot.event.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ViewUpdaterTest {

  private static final Topics TOPICS = Topics.standard();

  private final LabelingView view = new LabelingView(1, () -> T0, Duration.ofSeconds(60));
  private FakeRegistry registry;
  private Codecs codecs;
  private ViewUpdater updater;

  @BeforeEach
  void start() throws Exception {
    registry = FakeRegistry.start();
    codecs = Codecs.of(Map.of("schema.registry.url", registry.url()));
    updater =
        new ViewUpdater(
            TOPICS,
            codecs,
            view,
            new DryRuns(),
            new Decisions(Duration.ZERO),
            new SimpleMeterRegistry());
  }

  @AfterEach
  void stop() {
    codecs.close();
    registry.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {1_767_225_600_000_000_000L, 1_767_225_600_000_000L, 1_767_225_600L, -1})
  void aNonsenseTimeIsTheRecordsAndDoesNotStandBeforeAllOthers(long createdAt) {
    // Given
    Correction nonsense =
        Correction.newBuilder(correction("a", "refund", "ann"))
            .setCreatedAt(Instant.ofEpochMilli(createdAt))
            .build();

    // When
    accept(TOPICS.corrections(), Correction.class, nonsense, T0.minusSeconds(9).toEpochMilli());
    accept(
        TOPICS.corrections(),
        Correction.class,
        correction("b", "refund", "ann"),
        T0.toEpochMilli());

    // Then
    assertThat(view.labeled(TASK, 9)).extracting(Labeled::queryId).containsExactly("b", "a");
    assertThat(view.labeled(TASK, 9).get(1).at()).isEqualTo(T0.minusSeconds(9));
  }

  @Test
  void aRecordWithoutATimeIsOfThePresent() {
    LabelingRequest request =
        LabelingRequest.newBuilder(LabelingFixtures.unsure("a", 0.1).toRecord())
            .setCreatedAt(null)
            .build();
    Instant before = Instant.now();

    accept(TOPICS.labeling(), LabelingRequest.class, request, -1);

    Optional<OpenRequest> open = view.open(TASK, "a");
    assertThat(open).isPresent();
    assertThat(open.get().createdAt()).isBetween(before.minusMillis(1), Instant.now());
  }

  private <T extends SpecificRecord> void accept(
      Topic topic, Class<T> type, T record, long timestamp) {
    byte[] value = codecs.codec(type).encode(topic.name(), record);
    updater.accept(
        new ConsumerRecord<>(
            topic.name(),
            0,
            0,
            timestamp,
            TimestampType.CREATE_TIME,
            0,
            0,
            "key".getBytes(StandardCharsets.UTF_8),
            value,
            new RecordHeaders(),
            Optional.empty()));
  }
}
