package io.fewshot.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextsTest {

  @Test
  void aTextIsCutAfterItsLeadingBlanks() {
    assertThat(Texts.bounded(" \t refund please", 6)).isEqualTo("refund");
    assertThat(Texts.bounded("refund ", 100)).isEqualTo("refund");
    assertThat(Texts.bounded("   ", 2)).isEmpty();
  }

  @Test
  void aPairCutInTwoIsReplaced() {
    assertThat(Texts.bounded("ab😀", 3)).isEqualTo("ab\uFFFD");
    assertThat(Texts.bounded("ab😀", 4)).isEqualTo("ab😀");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"\uD83D", "\uDE00", "\uDE00\uD83D", "a\uD83Db😀\uDE00", "\uD83D\uD83D\uDE00"})
  void whatIsLeftHasAFormInUtf8(String text) {
    // When
    String bounded = Texts.bounded(text, 100);

    // Then
    assertThat(new String(bounded.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8))
        .isEqualTo(bounded);
    assertThat(bounded).hasSameSizeAs(text).contains("\uFFFD");
  }
}
