package io.fewshot.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fewshot.model.BatchingQueue.Listener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LanguageModelsTest {

  @TempDir private Path directory;

  private LanguageModels models() {
    ModelStore store = new ModelStore(new ModelCatalogue(Map.of()), directory);
    return new LanguageModels(store, Precision.FP32, "cpu", ProgressListener.NONE, Listener.NONE);
  }

  @Test
  void aModelLoadsInTheBackgroundAndIsSharedByThreads() throws Exception {
    String name = TinyModel.of("llama", 1).write(directory.resolve("tiny.gguf")).toString();
    Scoring request = new Scoring(0, new int[] {70, 71}, List.of(new int[] {72}, new int[] {73}));
    try (LanguageModels models = models()) {
      models.find(name);
      await().until(() -> models.state(name) instanceof LanguageModels.Ready);
      LanguageModel model = models.get(name);
      double[] expected = model.score(List.of(request)).get(0).logLikelihoods();
      List<CompletableFuture<List<Scores>>> calls = new ArrayList<>();

      for (int i = 0; i < 8; i++) {
        calls.add(CompletableFuture.supplyAsync(() -> model.score(List.of(request, request))));
      }

      for (CompletableFuture<List<Scores>> call : calls) {
        assertThat(call.join())
            .hasSize(2)
            .allSatisfy(
                scores ->
                    assertThat(scores.logLikelihoods())
                        .containsExactly(expected, org.assertj.core.data.Offset.offset(1e-4)));
      }
      assertThat(models.find(name)).containsSame(model);
      assertThat(model.version()).isEqualTo("tiny.gguf/fp32");
    }
  }

  @Test
  void aModelThatCannotBeHadIsAStateWithAReason() throws Exception {
    Path broken = Files.writeString(directory.resolve("broken.gguf"), "nonsense");
    String name = broken.toString();
    try (LanguageModels models = models()) {
      assertThatThrownBy(() -> models.get(name)).isInstanceOf(ModelException.class);

      assertThat(models.state(name)).isInstanceOf(LanguageModels.Failed.class);
      assertThat(models.find(name)).isEmpty();
      assertThat(((LanguageModels.Failed) models.states().get(name)).reason())
          .contains("not a GGUF file");

      TinyModel.of("llama", 1).write(broken);
      models.retry(name);
      assertThat(models.get(name)).isNotNull();
    }
  }

  @Test
  void afterClosingNothingIsLoadedOrComputed() throws Exception {
    String name = TinyModel.of("llama", 1).write(directory.resolve("tiny.gguf")).toString();
    LanguageModels models = models();
    LanguageModel model = models.get(name);

    models.close();

    assertThatThrownBy(() -> models.get(name)).hasMessageContaining("closed");
    assertThatThrownBy(
            () -> model.score(List.of(new Scoring(0, new int[] {3}, List.of(new int[] {4})))))
        .hasMessageContaining("closed");
  }
}
