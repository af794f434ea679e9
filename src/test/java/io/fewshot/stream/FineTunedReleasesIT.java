package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.Method;
import io.fewshot.event.Split;
import io.fewshot.event.Status;
import io.fewshot.model.TinyModel;
import io.fewshot.ops.Settings;
import io.fewshot.training.TrainingStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/** Adapters: labels that neighbours in meaning say nothing about, chosen and then written. */
class FineTunedReleasesIT extends ReleaseScenario {

  private final Random random = new Random(1);

  private Path model() {
    return folder.resolve("tiny.gguf");
  }

  @Override
  Map<String, String> settings() throws IOException {
    TinyModel.of("llama", 3).write(model());
    return Map.of(
        Settings.RUNGS,
        "neighbours,fine-tuned",
        Settings.LORA_RATE,
        "10000",
        Settings.LORA_EPOCHS,
        "12",
        Settings.DTYPE,
        "fp32");
  }

  @Override
  Story story() {
    return new Story(
        Method.LORA,
        Method.LORA,
        "task: who\ninstruction: Name the tone.\nlanguage: en\nrungs: [fine-tuned]\naudit: 0\nmodel: %s\n"
            .formatted(model()),
        "Peter wants to ask about the umbrella!",
        List.of("loud", "calm"),
        "fine-tuned",
        "+lora-",
        "tiny\\.gguf/fp32");
  }

  @Override
  Sample sample(String name, String sentence, Split split) {
    boolean loud = random.nextBoolean();
    return new Sample(sentence + (loud ? "!" : "."), loud ? "loud" : "calm");
  }

  /** The same for a task whose answers are written: the trainer, the gate and the swap. */
  @Override
  void afterwards() {
    // Given
    Story story =
        new Story(
            Method.LORA,
            Method.LORA,
            "task: say\nkind: generate\ninstruction: Say it.\nlanguage: en\nrungs: [fine-tuned]\n"
                + "audit: 0\npromise: {confidence: 0.6}\nmodel: %s\n".formatted(model()),
            "PETER WANTS TO ASK ABOUT THE UMBRELLA",
            List.of("loud"),
            "fine-tuned",
            "+lora-",
            "");
    stream.define("say", story.definition());
    teach(
        "say",
        260,
        (name, sentence, split) ->
            random.nextBoolean()
                ? new Sample(sentence.toUpperCase(Locale.ROOT), "loud")
                : new Sample(sentence, "calm"));

    // When
    TrainingStatus status = retrain("say");

    // Then
    assertThat(status.state()).as(status.why()).isEqualTo(TrainingStatus.State.RELEASED);
    assertThat(status.metrics()).containsKeys("confidence_slope", "holdout_loss");
    assertThat(status.metrics().get("accuracy"))
        .isGreaterThan(status.metrics().get("incumbent_accuracy"));
    awaitVersion("say", story, "e", status.version());
    assertThat(results())
        .filteredOn(result -> result.getModelVersion().endsWith(status.version()))
        .isNotEmpty()
        .allSatisfy(result -> assertThat(result.getStatus()).isEqualTo(Status.ACCEPTED));
  }
}
