package io.fewshot.memory;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearDuplicatesTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "My card is STOLEN!!! | my card is stolen",
        "'  my   card\tis stolen ' | my card is stolen",
        "我要退款。 | 我要退款",
        "Ａｐｐ　crashed | app crashed",
        "don't | don t",
        "👍👍 | 👍👍",
        "?! | ?!"
      })
  void spellingsAreFoldedTogether(String text, String expected) {
    assertThat(NearDuplicates.normalize(text)).isEqualTo(expected);
  }

  @Test
  void differentTextsStayDifferent() {
    assertThat(NearDuplicates.normalize("👍")).isNotEqualTo(NearDuplicates.normalize("👎"));
    assertThat(NearDuplicates.normalize("10 €")).isNotEqualTo(NearDuplicates.normalize("10 $"));
    assertThat(NearDuplicates.normalize("\uD83D")).isEqualTo(NearDuplicates.normalize("\uD83D"));
  }

  @Test
  void hashIsFixedForEver() {
    // sha256 of "my card is stolen", first 8 bytes
    assertThat(NearDuplicates.hash("My card is stolen?!")).isEqualTo(0xd5ef8b004d4cde0eL);
    assertThat(NearDuplicates.hash("My card is stolen"))
        .isNotEqualTo(NearDuplicates.hash("My card is not stolen"));
  }
}
