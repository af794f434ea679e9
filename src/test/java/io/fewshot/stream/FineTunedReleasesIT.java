package io.fewshot.stream;

import io.fewshot.event.Method;
import io.fewshot.event.Split;
import io.fewshot.model.TinyModel;
import io.fewshot.ops.Settings;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** An adapter: labels that neighbours in meaning say nothing about. */
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
}
