package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.Codecs;
import io.fewshot.event.FakeRegistry;
import io.fewshot.event.LabelingRequest;
import io.fewshot.event.Query;
import io.fewshot.event.Result;
import io.fewshot.event.Status;
import io.fewshot.event.Topics;
import io.fewshot.ladder.AuditBook;
import io.fewshot.ladder.FineTuned;
import io.fewshot.ladder.HeadSource;
import io.fewshot.ladder.Ladder;
import io.fewshot.ladder.LadderSettings;
import io.fewshot.ladder.LinearHead;
import io.fewshot.ladder.WrittenConfidence;
import io.fewshot.memory.Encoders;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.model.Precision;
import io.fewshot.model.SharedLanguageModel;
import io.fewshot.model.TinyModel;
import io.fewshot.model.TorchLanguageModel;
import io.fewshot.prompt.TaskYaml;
import io.fewshot.training.TinyWriter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.TestInputTopic;
import org.apache.kafka.streams.TestOutputTopic;
import org.apache.kafka.streams.TopologyTestDriver;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The answering topology with the real ladder, whose fine-tuned model writes. */
class FineTunedTopologyIT {

  private static final Topics TOPICS = Topics.standard();
  private static final String DEFINITION =
      "task: thing\nkind: extract\ninstruction: Fill in.\nlanguage: en\nrungs: [fine-tuned]\n"
          + "audit: 0\npromise: {confidence: 0.8}\n";
  @TempDir private Path folder;

  private final AtomicReference<FineTuned> serving = new AtomicReference<>();

  @Test
  void whatAReleaseWritesIsAcceptedAsFarAsItWasRight() throws Exception {
    Path file = TinyModel.of("llama", 21).write(folder.resolve("tiny.gguf"));
    FineTuned release =
        TinyWriter.release(file, new TaskYaml().parse(DEFINITION), "v1")
            .with(new WrittenConfidence(3, 0.2));
    HeadSource releases =
        new HeadSource() {
          @Override
          public Optional<LinearHead> head(String task) {
            return Optional.empty();
          }

          @Override
          public Optional<FineTuned> fineTuned(String task) {
            return Optional.ofNullable(serving.get());
          }
        };
    try (FakeRegistry registry = FakeRegistry.start();
        Codecs codecs = Codecs.of(Map.of("schema.registry.url", registry.url()));
        Encoders encoders = new Encoders();
        ExampleMemory memory = new ExampleMemory();
        SharedLanguageModel model =
            new SharedLanguageModel(
                TorchLanguageModel.load("tiny", file, Precision.FP32, "cpu"),
                (requests, left, waited, computed) -> {});
        Ladder ladder =
            new Ladder(encoders, memory, name -> model, releases, LadderSettings.DEFAULTS);
        TopologyTestDriver driver =
            new TopologyTestDriver(
                AnsweringTopology.build(
                    TOPICS,
                    codecs,
                    AnsweringParts.of(
                            ladder,
                            memory,
                            new TaskCatalogue(),
                            new AuditBook(),
                            InferenceExecutor.DIRECT,
                            StreamSettings.standard())
                        .withClock(StreamSettings.standard(), () -> 0),
                    RecordLimits.standard(),
                    StreamSettings.standard(),
                    new SimpleMeterRegistry()),
                new Properties(),
                Instant.EPOCH)) {
      StringSerializer text = new StringSerializer();
      driver
          .createInputTopic(TOPICS.validTasks().name(), text, text)
          .pipeInput("thing", DEFINITION);
      TestInputTopic<String, byte[]> queries =
          driver.createInputTopic(TOPICS.queries().name(), text, new ByteArraySerializer());
      TestOutputTopic<String, Result> results =
          output(driver, TOPICS.results().name(), codecs.serde(Result.class).deserializer());
      TestOutputTopic<String, LabelingRequest> labeling =
          output(
              driver, TOPICS.labeling().name(), codecs.serde(LabelingRequest.class).deserializer());
      List<FineTuned> versions = new ArrayList<>();
      versions.add(null);
      versions.add(release);
      // One that was seldom right writes the same and is not trusted; then it is rolled back.
      versions.add(
          new FineTuned(release.adapter().as("v2"), release.model(), 1, 64, Set.of())
              .with(new WrittenConfidence(-3, 0)));
      versions.add(release);

      // When
      for (int i = 0; i < versions.size(); i++) {
        serving.set(versions.get(i));
        if (versions.get(i) != null) {
          ladder.prepare(new TaskYaml().parse(DEFINITION), versions.get(i));
        }
        Query query =
            Query.newBuilder()
                .setQueryId("q" + i)
                .setTask("thing")
                .setText("the oak oak oak oak")
                .build();
        queries.pipeInput("k", codecs.codec(Query.class).encode(TOPICS.queries().name(), query));
        for (int tick = 0; tick < 5; tick++) {
          driver.advanceWallClockTime(Duration.ofMillis(20));
        }
      }

      // Then
      List<Result> found = results.readValuesToList();
      assertThat(found).extracting(Result::getQueryId).containsExactly("q0", "q1", "q2", "q3");
      assertThat(found)
          .extracting(Result::getStatus)
          .containsExactly(
              Status.NEEDS_REVIEW, Status.ACCEPTED, Status.NEEDS_REVIEW, Status.ACCEPTED);
      assertThat(found.get(0).getRung()).isEqualTo("neighbours");
      assertThat(found.subList(1, 4))
          .allSatisfy(
              result -> {
                assertThat(result.getRung()).isEqualTo("fine-tuned");
                assertThat(result.getOutput()).isEqualTo("{\"is\":\"oak\"}");
                assertThat(result.getPromptTokens()).isPositive();
              });
      assertThat(found.subList(1, 4))
          .extracting(result -> result.getModelVersion().replaceAll(".*lora-", ""))
          .containsExactly("v1", "v2", "v1");
      assertThat(found.get(1).getConfidence()).isBetween(0.8, 1.0);
      assertThat(found.get(2).getConfidence()).isBetween(0.04, 0.06);
      assertThat(labeling.readValuesToList())
          .extracting(LabelingRequest::getQueryId)
          .containsExactly("q0", "q2");
    }
  }

  private static <V> TestOutputTopic<String, V> output(
      TopologyTestDriver driver, String topic, Deserializer<V> values) {
    return driver.createOutputTopic(topic, new StringDeserializer(), values);
  }
}
