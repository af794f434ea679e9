package io.fewshot.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The shipped model compared with what other implementations make of the same file. */
class GoldenIT {

  private static final Path GOLDEN = Path.of("../shared/data/golden-tokens.json");
  private static final ObjectMapper JSON = new ObjectMapper();

  private static JsonNode golden;
  private static LanguageModel model;

  @BeforeAll
  static void load() throws IOException {
    assumeTrue(Files.exists(GOLDEN), "no " + GOLDEN);
    golden = JSON.readTree(GOLDEN.toFile()).get("SmolLM2-135M-Instruct.Q4_1");
    Path file = ModelStore.ofUser().fetch(ModelCatalogue.DEFAULT, ProgressListener.NONE);
    model = TorchLanguageModel.load(ModelCatalogue.DEFAULT, file, Precision.FP32, "cpu");
  }

  @AfterAll
  static void close() {
    if (model != null) {
      model.close();
    }
  }

  @Test
  void tokenIdsAreExact() {
    assertThat(golden.get("tokenization")).hasSizeGreaterThanOrEqualTo(20);
    for (JsonNode example : golden.get("tokenization")) {
      String text = example.get("text").asText();

      assertThat(model.tokenizer().encode(text)).as(text).isEqualTo(ids(example, "ids"));
      assertThat(model.tokenizer().encodeTemplate(text))
          .as(text)
          .isEqualTo(ids(example, "ids_special"));
    }
  }

  @Test
  void nextTokensHaveTheirLogProbabilities() {
    List<Scoring> requests = new ArrayList<>();
    for (JsonNode example : golden.get("next_token")) {
      List<int[]> candidates = new ArrayList<>();
      example.get("next_fp32").forEach(next -> candidates.add(new int[] {next.get("id").asInt()}));
      requests.add(new Scoring(0, ids(example, "ids"), candidates));
    }

    List<Scores> scores = model.score(requests);

    for (int r = 0; r < requests.size(); r++) {
      JsonNode next = golden.get("next_token").get(r).get("next_fp32");
      for (int c = 0; c < next.size(); c++) {
        assertThat(scores.get(r).logLikelihoods()[c])
            .isCloseTo(next.get(c).get("logprob").asDouble(), within(0.01));
      }
    }
  }

  @Test
  void answersAPlainQuestion() {
    int[] prompt =
        model
            .chatTemplate()
            .encode(List.of(new ChatTemplate.Turn("user", "What is the capital of France?")), true)
            .ids();

    Generated answer = model.generate(List.of(new Generation(0, prompt, 16, List.of()))).get(0);

    assertThat(answer.text()).isEqualTo("The capital of France is Paris.");
    assertThat(answer.finished()).isTrue();
  }

  private static int[] ids(JsonNode example, String field) {
    return JSON.convertValue(example.get(field), int[].class);
  }
}
