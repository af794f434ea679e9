package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StyleTest {

  @ParameterizedTest
  @CsvSource({"hello,10,hello", "hello world,8,hello w…", "'a   b',10,a b", "😀😀😀😀,3,😀😀…"})
  void textIsBrief(String text, int length, String expected) {
    assertThat(Style.brief(text, length)).isEqualTo(expected);
  }

  @Test
  void nothingThatSteersATerminalPasses() {
    assertThat(Style.brief("red \u001B[31m\u0007\r\nback\u202Eward", 40))
        .isEqualTo("red [31m back ward");
  }

  @Test
  void aMegabyteIsCut() {
    assertThat(Style.brief("x ".repeat(500_000), 20)).hasSize(20).endsWith("…");
  }

  @Test
  void coloursAreForTerminalsOnly() {
    assertThat(new Style(false).red("x")).isEqualTo("x");
    assertThat(new Style(true).red("x")).isEqualTo("\u001B[31mx\u001B[0m");
  }
}
