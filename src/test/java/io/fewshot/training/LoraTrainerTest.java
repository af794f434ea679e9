package io.fewshot.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fewshot.ladder.FineTuned;
import io.fewshot.ladder.FineTunedPrompt;
import io.fewshot.ladder.WrittenConfidence;
import io.fewshot.model.Generated;
import io.fewshot.model.Generation;
import io.fewshot.model.LoraConfig;
import io.fewshot.model.Precision;
import io.fewshot.model.TinyModel;
import io.fewshot.model.TorchLanguageModel;
import io.fewshot.prompt.Prompt;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.prompt.TaskYaml;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoraTrainerTest {

  private static final LoraSettings QUICK =
      new LoraSettings(
          new LoraConfig(4, 8, LoraConfig.STANDARD.modules()),
          60,
          5,
          0.01,
          0.01,
          0,
          0.1,
          1,
          0,
          0,
          60,
          256,
          64,
          1);

  private static final List<LoraTrainer.Row> ROWS =
      List.of(
          row("I still have not received my new card", "card_arrival"),
          row("When will the card be in my letter box?", "card_arrival"),
          row("How do I track the card you sent me?", "card_arrival"),
          row("My card is not here after a week", "card_arrival"),
          row("Is my card on its way?", "card_arrival"),
          row("Why was I charged for taking out cash?", "cash_fee"),
          row("There is a fee for my withdrawal", "cash_fee"),
          row("The machine took a charge on my cash", "cash_fee"),
          row("I do not want to pay for getting cash", "cash_fee"),
          row("What does a cash withdrawal cost?", "cash_fee"),
          row("I forgot my passcode", "passcode_forgotten"),
          row("How can I set a new passcode?", "passcode_forgotten"),
          row("My code does not come to my mind", "passcode_forgotten"),
          row("I cannot log in without my passcode", "passcode_forgotten"),
          row("Please reset the code of the app", "passcode_forgotten"),
          row("Somebody stole my phone", "lost_phone"),
          row("My phone is gone, what now?", "lost_phone"),
          row("I lost my phone and need my account", "lost_phone"),
          row("The phone fell into the sea", "lost_phone"),
          row("Block the app, my phone is lost", "lost_phone"));

  @TempDir private Path directory;

  @Test
  void twentyMessagesAreLearnedByHeartAndSurviveTheFiles() throws Exception {
    try (TorchLanguageModel model = tiny("llama")) {
      // When
      LoraTrainer.Trained trained =
          new LoraTrainer(model, QUICK, (step, done) -> {}).classifier(ROWS, List.of());

      // Then
      List<int[]> prompts =
          ROWS.stream()
              .map(row -> FineTunedPrompt.classify(model.tokenizer(), row.text(), 64))
              .toList();
      List<double[]> answers = model.classify(trained.adapter(), prompts);
      for (int i = 0; i < ROWS.size(); i++) {
        int right = trained.adapter().labels().indexOf(ROWS.get(i).label());
        assertThat(answers.get(i)[right]).as(ROWS.get(i).text()).isGreaterThan(0.8);
      }

      // When
      FineTuned tuned = new FineTuned(trained.adapter(), "tiny", 1.5, 64, Set.of(1L, -5L));
      Artifact artifact = LoraFiles.write(tuned, model.layout(QUICK.lora()), Map.of("seed", 1));
      FineTuned read = LoraFiles.read(artifact, "v2");

      // Then
      assertThat(read.version()).isEqualTo("v2");
      assertThat(read.seen()).isEqualTo(tuned.seen());
      assertThat(read.temperature()).isEqualTo(1.5);
      assertThat(read.labels()).isEqualTo(tuned.labels());
      assertThat(read.adapter().config()).isEqualTo(QUICK.lora());
      assertThat(read.adapter().values()).isEqualTo(trained.adapter().values());
      assertThat(model.classify(read.adapter(), prompts).get(0))
          .containsExactly(answers.get(0), within(1e-9));
      assertThat(LoraFiles.write(tuned, model.layout(QUICK.lora()), Map.of("seed", 1)).sha256())
          .isEqualTo(artifact.sha256());
      assertThatItIsPeft(artifact);
    }
  }

  @Test
  void answersAreLearnedByHeartWrittenAndSurviveTheFiles() throws Exception {
    TaskDefinition task =
        new TaskYaml().parse("task: t\nkind: extract\nlanguage: en\ninstruction: Fill in.\n");
    List<LoraTrainer.Row> rows = new ArrayList<>(TinyWriter.rows());
    rows.add(row("too long", "[" + "1,".repeat(300) + "1]"));
    try (TorchLanguageModel model = tiny("llama")) {
      // When
      LoraTrainer.Trained trained =
          new LoraTrainer(model, TinyWriter.BY_HEART, (step, done) -> {})
              .writer(task, rows, rows.subList(0, 6));

      // Then
      assertThat(trained.parameters())
          .containsEntry("rows", 12.0)
          .hasEntrySatisfying("holdout_loss", loss -> assertThat(loss).isLessThan(0.25));
      FineTuned tuned =
          new FineTuned(trained.adapter(), "tiny", 1, 64, Set.of(3L))
              .with(new WrittenConfidence(-0.5, 0.75));
      Artifact artifact =
          LoraFiles.write(tuned, model.layout(TinyWriter.BY_HEART.lora()), Map.of("seed", 1));
      FineTuned read = LoraFiles.read(artifact, "v2");
      assertThat(read.writes()).isTrue();
      assertThat(read.confidence()).isEqualTo(tuned.confidence());
      Prompt prompt = FineTunedPrompt.write(model, task, "the oak oak oak oak", 1024);
      Generated written =
          model
              .generate(
                  read.adapter(),
                  List.of(new Generation(prompt.shared(), prompt.ids(), 40, List.of())))
              .get(0);
      assertThat(written.text()).isEqualTo("{\"is\":\"oak\"}");
      assertThat(written.finished()).isTrue();
      JsonNode peft = new ObjectMapper().readTree(artifact.files().get(LoraFiles.PEFT));
      assertThat(peft.path("task_type").asText()).isEqualTo("CAUSAL_LM");
      assertThat(peft.path("modules_to_save").isNull()).isTrue();
      assertThat(SafeTensors.read(artifact.files().get(LoraFiles.TENSORS)).tensors())
          .hasSize(2 * 7 * 2);
    }
  }

  private static void assertThatItIsPeft(Artifact artifact) throws Exception {
    JsonNode peft = new ObjectMapper().readTree(artifact.files().get(LoraFiles.PEFT));
    assertThat(peft.path("peft_type").asText()).isEqualTo("LORA");
    assertThat(peft.path("task_type").asText()).isEqualTo("SEQ_CLS");
    assertThat(peft.path("target_modules").toString())
        .isEqualTo(
            "[\"down_proj\",\"gate_proj\",\"k_proj\",\"o_proj\",\"q_proj\",\"up_proj\",\"v_proj\"]");
    var tensors = SafeTensors.read(artifact.files().get(LoraFiles.TENSORS)).tensors();
    assertThat(tensors).hasSize(2 * 7 * 2 + 1);
    assertThat(
            tensors.get("base_model.model.model.layers.1.self_attn.k_proj.lora_B.weight").shape())
        .containsExactly(16, 4);
    assertThat(tensors.get("base_model.model.score.weight").shape()).containsExactly(4, 32);
  }

  /**
   * The encoder's vectors here say nothing of the labels, and do not keep them from being learned.
   */
  @Test
  void twentyMessagesAreLearnedByHeartWithAnEncodersLessons() throws Exception {
    Random random = new Random(5);
    List<LoraTrainer.Row> rows =
        ROWS.stream()
            .map(
                row ->
                    new LoraTrainer.Row(
                        row.text(),
                        row.label(),
                        new float[] {random.nextFloat(), random.nextFloat(), random.nextFloat()}))
            .toList();
    try (TorchLanguageModel model = tiny("llama")) {
      LoraTrainer.Trained trained =
          new LoraTrainer(model, QUICK, (step, done) -> {}).classifier(rows, List.of());

      assertThat(trained.adapter().head()).hasSize(4 * 32);
      List<double[]> answers =
          model.classify(
              trained.adapter(),
              rows.stream()
                  .map(row -> FineTunedPrompt.classify(model.tokenizer(), row.text(), 64))
                  .toList());
      for (int i = 0; i < rows.size(); i++) {
        int right = trained.adapter().labels().indexOf(rows.get(i).label());
        assertThat(answers.get(i)[right]).as(rows.get(i).text()).isBetween(0.35, 0.9);
      }
    }
  }

  @Test
  void theSameSeedGivesTheSameAdapter() throws Exception {
    LoraSettings brief =
        new LoraSettings(QUICK.lora(), 2, 5, 0.01, 0.01, 0, 0.1, 1, 0.1, 0.1, 1, 256, 64, 9);
    try (TorchLanguageModel model = tiny("qwen2")) {
      LoraTrainer trainer = new LoraTrainer(model, brief, (step, done) -> {});

      float[] first = trainer.classifier(ROWS, ROWS.subList(3, 12)).adapter().values();

      float[] second = trainer.classifier(ROWS, ROWS.subList(3, 12)).adapter().values();
      assertThat(second).containsExactly(first, within(1e-5f));
    }
  }

  @Test
  void aTrainingThatIsInterruptedStops() throws Exception {
    try (TorchLanguageModel model = tiny("llama")) {
      LoraTrainer trainer =
          new LoraTrainer(model, QUICK, (step, done) -> Thread.currentThread().interrupt());

      assertThatThrownBy(() -> trainer.classifier(ROWS, List.of()))
          .isInstanceOf(TrainingStoppedException.class);
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void filesThatAreNotThoseOfAnAdapterAreRefused() throws Exception {
    try (TorchLanguageModel model = tiny("llama")) {
      FineTuned tuned =
          new FineTuned(
              model.untrained(QUICK.lora(), List.of("a", "b"), 1), "tiny", 1, 64, Set.of());
      Map<String, byte[]> files =
          new LinkedHashMap<>(LoraFiles.write(tuned, model.layout(QUICK.lora()), Map.of()).files());
      files.remove(LoraFiles.PEFT);

      assertThatThrownBy(() -> LoraFiles.read(Artifact.pack(files), "v"))
          .isInstanceOf(ReleaseException.class)
          .hasMessageContaining("adapter_config.json is missing");
    }
  }

  private TorchLanguageModel tiny(String family) throws Exception {
    Path file = TinyModel.of(family, 21).write(directory.resolve(family + ".gguf"));
    return TorchLanguageModel.load("tiny", file, Precision.FP32, "cpu");
  }

  private static LoraTrainer.Row row(String text, String label) {
    return new LoraTrainer.Row(text, label);
  }
}
