package io.fewshot.prompt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LabelTextTest {

  @ParameterizedTest
  @ValueSource(
      strings = {"géné", " géné", "géné \n", "ge\u0301ne\u0301", "\u00A0géné\u00A0", "\uFEFFgéné"})
  void oneLabelHasOneForm(String written) {
    assertThat(LabelText.of(written)).isEqualTo("géné");
  }

  @Test
  void whatIsInsideStays() {
    assertThat(LabelText.of("two  words\nand ZWJ 👩‍🚒")).isEqualTo("two  words\nand ZWJ 👩‍🚒");
    assertThat(LabelText.of(" \u200B ")).isEmpty();
  }

  @Test
  void labelsThatLookTheSameAreFound() {
    assertThat(LabelText.alike("Late", List.of("refund", "late"))).contains("late");
    assertThat(LabelText.alike("late", List.of("refund", "late"))).isEmpty();
    assertThat(LabelText.alike("lte", List.of("late"))).isEmpty();
    assertThat(LabelText.alike(List.of("a b", "c", "ab", "STRASSE", "straße", "d")))
        .containsExactly(List.of("a b", "ab"), List.of("STRASSE", "straße"));
  }
}
