package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fewshot.event.InternalSerde;
import io.fewshot.event.Method;
import io.fewshot.event.ModelRelease;
import io.fewshot.event.Query;
import io.fewshot.event.Result;
import io.fewshot.event.Split;
import io.fewshot.event.Topics;
import io.fewshot.event.TrainingExample;
import io.fewshot.event.internal.EncodedExample;
import io.fewshot.memory.Embedding;
import io.fewshot.ops.Metrics;
import io.fewshot.ops.Settings;
import io.fewshot.prompt.Language;
import io.fewshot.training.Connection;
import io.fewshot.training.ReleaseBook;
import io.fewshot.training.Requests;
import io.fewshot.training.TrainerService;
import io.fewshot.training.TrainingStatus;
import io.fewshot.training.TrainingStatus.State;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * From the data set to answers by a release, and back again, with real parts: the same story for
 * each method.
 */
abstract class ReleaseScenario {

  static final String TASK = "who";

  private static final int EXAMPLES = WishSentences.COUNT;

  @TempDir Path folder;

  RunningStream stream;
  Metrics trainerMetrics;
  private Connection connection;
  private TrainerService trainer;
  private ReleaseBook.Slot slot;

  /**
   * @param asked method of the requests
   * @param released method of the releases that come of them
   * @param definition the task's YAML
   * @param question a message that only the release can answer
   * @param outputs the labels
   * @param rung that answers
   * @param suffix of the model version, before the release's
   * @param baseModel a pattern of the release's base model
   */
  record Story(
      Method asked,
      Method released,
      String definition,
      String question,
      List<String> outputs,
      String rung,
      String suffix,
      String baseModel) {}

  record Sample(String input, String output) {}

  /** More settings of stream and trainer. */
  abstract Map<String, String> settings() throws Exception;

  abstract Story story();

  /** What is taught: called once for each example, in order. */
  abstract Sample sample(String name, String sentence, Split split);

  @BeforeEach
  void start() throws Exception {
    Map<String, String> more = new HashMap<>(settings());
    more.put(Settings.TRAINER_EXAMPLES, "0");
    stream = new RunningStream(folder, more);
    trainerMetrics = new Metrics();
    connection = new Connection(stream.settings, stream.topics, stream.codecs);
    slot = new ReleaseBook.Slot(TASK, story().released());
    trainer =
        new TrainerService(
            stream.settings,
            stream.topics,
            stream.codecs,
            stream.health,
            trainerMetrics,
            TrainerService.Listener.NONE);
    trainer.start();
  }

  @AfterEach
  void stop() throws Exception {
    trainer.close();
    stream.close();
    trainerMetrics.close();
  }

  /** What else the story has shown. */
  void afterwards() throws Exception {}

  @Test
  void aReleaseIsTrainedServesAndIsRolledBack() throws Exception {
    // Given
    stream.define(TASK, story().definition());
    teach(TASK, EXAMPLES, this::sample);
    await()
        .atMost(Duration.ofMinutes(2))
        .untilAsserted(
            () -> assertThat(stream.service.memory().task(TASK).size()).isEqualTo(EXAMPLES));

    // When, Then: it is better than the neighbours
    TrainingStatus first = retrain(TASK);
    assertThat(first.state()).as(first.why()).isEqualTo(State.RELEASED);
    assertThat(first.metrics().get("accuracy"))
        .isGreaterThan(first.metrics().get("incumbent_accuracy"));
    ModelRelease release = ReleaseBook.read(connection).serving(slot).orElseThrow();
    assertThat(release.getVersion()).isEqualTo(first.version());
    assertThat(release.getArtifact()).isEqualTo("kafka:" + release.getSha256());
    assertThat(release.getBaseModel()).matches(story().baseModel());
    assertThat(release.getDatasetOffsets().values().stream().mapToLong(x -> x).sum())
        .isEqualTo(EXAMPLES);
    awaitVersion(TASK, story(), "a", first.version());
    assertThat(stream.metrics.scrape())
        .contains(
            "fewshot_release_active{method=\"%s\",task=\"%s\",version=\"%s\"} 1.0"
                .formatted(story().released(), TASK, first.version()));

    // When, Then: the same data make a candidate that is no better
    TrainingStatus again = retrain(TASK);
    assertThat(again.state()).as(again.why()).isEqualTo(State.REJECTED);
    assertThat(again.why()).contains("not better beyond noise");

    // When, Then: what was forgotten must be out of what serves
    stream.remove(stream.topics.sftDataset().name(), Topics.exampleKey(TASK, "3"));
    TrainingStatus second = retrain(TASK);
    assertThat(second.state()).as(second.why()).isEqualTo(State.RELEASED);
    assertThat(second.version()).isNotEqualTo(first.version());
    awaitVersion(TASK, story(), "b", second.version());

    // When, Then
    ReleaseBook.read(connection).rollBack(slot, first.version(), "test");
    awaitVersion(TASK, story(), "c", first.version());

    // When, Then: one that does not load leaves the one before serving
    ModelRelease broken =
        ModelRelease.newBuilder(release).setVersion("broken").setSha256("0".repeat(64)).build();
    String name = TASK + "/" + story().released();
    stream.send(stream.topics.releases().name(), name + "/broken", broken);
    ReleaseBook.read(connection).rollBack(slot, "broken", "test");
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () ->
                assertThat(String.valueOf(stream.health.statuses().get("release " + name)))
                    .contains("sha256", first.version() + " goes on serving"));
    assertThat(stream.health.ready()).isTrue();
    awaitVersion(TASK, story(), "d", first.version());
    assertThat(results().stream().map(Result::getQueryId)).doesNotHaveDuplicates();

    // When, Then
    afterwards();
  }

  /** Makes an example of a sentence that someone of this name says. */
  @FunctionalInterface
  interface Sampler {
    Sample sample(String name, String sentence, Split split);
  }

  void teach(String task, int examples, Sampler sampler) {
    List<EncodedExample.Builder> encoded = new ArrayList<>();
    for (int i = 0; i < examples; i++) {
      String name = WishSentences.name(i);
      String sentence = WishSentences.sentence(i);
      Split split = i % 10 < 6 ? Split.TRAIN : Split.HOLDOUT;
      Sample sample = sampler.sample(name, sentence, split);
      String id = Integer.toString(i);
      stream.sendLater(
          stream.topics.sftDataset().name(),
          Topics.exampleKey(task, id),
          TrainingExample.newBuilder()
              .setTask(task)
              .setExampleId(id)
              .setInput(sample.input())
              .setOutput(sample.output())
              .setLabeler("test")
              .setSplit(split)
              .build());
      encoded.add(
          EncodedExample.newBuilder()
              .setTask(task)
              .setExampleId(id)
              .setInput(sample.input())
              .setOutput(sample.output())
              .setSource("import")
              .setLabeler("")
              .setCreatedAt(Instant.EPOCH)
              .setSplit(split.name()));
    }
    sendEncoded(encoded);
  }

  /** Past the learning application, which would choose the splits itself. */
  private void sendEncoded(List<EncodedExample.Builder> drafts) {
    List<Embedding> embeddings =
        stream
            .engines
            .encoders()
            .encode(Language.EN, drafts.stream().map(draft -> draft.getInput()).toList());
    for (int i = 0; i < drafts.size(); i++) {
      EncodedExample example =
          drafts
              .get(i)
              .setEncodedBy(embeddings.get(i).encoder())
              .setVector(InternalSerde.bytes(embeddings.get(i).vector()))
              .build();
      stream.sendBytes(
          stream.topics.encodedExamples().name(),
          Topics.exampleKey(example.getTask(), example.getExampleId()),
          InternalSerde.encodedExample().serializer().serialize("", example));
    }
  }

  TrainingStatus retrain(String task) {
    Requests.Place place = Requests.send(connection, task, story().asked(), "test");
    List<TrainingStatus> found = new ArrayList<>();
    await()
        .atMost(Duration.ofMinutes(2))
        .until(
            () -> {
              for (TrainingStatus status : statuses()) {
                if (status.answers(place.partition(), place.offset())) {
                  found.add(status);
                }
              }
              return !found.isEmpty();
            });
    return found.get(found.size() - 1);
  }

  private List<TrainingStatus> statuses() {
    return stream.read(stream.topics.trainings().name()).stream()
        .map(ConsumerRecord::value)
        .map(TrainingStatus::of)
        .flatMap(Optional::stream)
        .toList();
  }

  /** Messages are answered all the time, and at last by this version. */
  void awaitVersion(String task, Story story, String name, String version) {
    List<String> ids = new ArrayList<>();
    await()
        .atMost(Duration.ofSeconds(40))
        .pollInterval(Duration.ofMillis(300))
        .untilAsserted(
            () -> {
              String id = name + ids.size();
              ids.add(id);
              stream.send(
                  stream.topics.queries().name(),
                  id,
                  Query.newBuilder()
                      .setQueryId(id)
                      .setTask(task)
                      .setText(story.question())
                      .build());
              assertThat(results())
                  .filteredOn(result -> result.getQueryId().startsWith(name))
                  .anySatisfy(
                      result -> {
                        assertThat(result.getRung()).isEqualTo(story.rung());
                        assertThat(result.getOutput()).isIn(story.outputs());
                        assertThat(result.getModelVersion()).endsWith(story.suffix() + version);
                      });
            });
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(
            () -> assertThat(results().stream().map(Result::getQueryId)).containsAll(ids));
  }

  List<Result> results() {
    return stream.records(stream.topics.results().name(), Result.class);
  }
}
