package io.fewshot.ladder;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExtractedFieldsTest {

  private static final List<String> KNOWN =
      List.of(
          "{\"product\": \"lamp\", \"order\": null}",
          "{\"order\": 7, \"product\": null, \"urgent\": true}",
          "not JSON, from an old import");

  @ParameterizedTest
  @ValueSource(strings = {"", "no JSON", "[1, 2]", "7", "null", "{\"a\": 1} and more", "{\"a\": 1"})
  void whatIsNoObjectIsNoOutput(String output) {
    assertThat(ExtractedFields.problem(output, List.of())).get().asString().contains("JSON object");
  }

  @Test
  void withoutExamplesEveryObjectCanBeOne() {
    assertThat(ExtractedFields.problem("{\"foo\": 1}", List.of())).isEmpty();
  }

  @Test
  void itHasTheFieldsOfTheExamples() {
    assertThat(ExtractedFields.problem("{\"foo\": 1}", KNOWN)).get().asString().contains("foo");
    assertThat(ExtractedFields.problem("{\"order\": 1}", KNOWN))
        .contains("the field product is missing");
    assertThat(ExtractedFields.problem("{\"order\": 1, \"product\": null}", KNOWN)).isEmpty();
    assertThat(
            ExtractedFields.problem("{\"order\": 1, \"urgent\": false, \"product\": \"x\"}", KNOWN))
        .isEmpty();
  }
}
