package io.fewshot.memory;

import static io.fewshot.memory.MemoryFixtures.TASK;
import static io.fewshot.memory.MemoryFixtures.example;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WordSearchTest {

  private final ExampleMemory memory = new ExampleMemory();
  private final TaskMemory task = memory.task(TASK);

  @AfterEach
  void close() {
    memory.close();
  }

  @ParameterizedTest
  @CsvSource({
    "我想申请退款怎么操作, refund",
    "快递三天了还没送到, delivery",
    "手机屏幕碎了可以维修吗, repair",
    "订单的发票在哪里下载, invoice"
  })
  void chineseMessagesWithoutSpacesFindDifferentExamples(String message, String expected) {
    // Given
    memory.put(example("1", "请帮我办理退款", "refund", 1, 0));
    memory.put(example("2", "我的快递什么时候能送到", "delivery", 1, 0));
    memory.put(example("3", "屏幕坏了去哪里维修", "repair", 1, 0));
    memory.put(example("4", "需要开具电子发票", "invoice", 1, 0));

    // When
    List<Neighbour> hits = task.matching(message, 4, example -> true);

    // Then
    assertThat(hits).isNotEmpty();
    assertThat(hits.get(0).example().output()).isEqualTo(expected);
  }

  @Test
  void englishWordsMatchInAnotherForm() {
    // Given
    memory.put(example("1", "My payment was declined", "declined", 1, 0));

    // When
    List<Neighbour> hits = task.matching("why are payments DECLINING?", 5, example -> true);

    // Then
    assertThat(hits).hasSize(1);
  }

  @Test
  void aLatinNameInAChineseMessageFindsEnglishExamples() {
    // Given
    memory.put(example("1", "my iPhones do not charge", "charging", 1, 0));

    // When
    List<Neighbour> hits = task.matching("我的 iPhone 充不上电了", 5, example -> true);

    // Then
    assertThat(hits).hasSize(1);
  }

  @Test
  void scoresAreThoseOfTheFormula() {
    // Given: three texts of 2, 2 and 5 words, mean 3
    memory.put(example("1", "card stolen", "x", 1, 0));
    memory.put(example("2", "parcel late", "x", 1, 0));
    memory.put(example("3", "card card here now please", "x", 1, 0));

    // When
    List<Neighbour> hits = task.matching("card", 5, example -> true);

    // Then
    double idf = Math.log(1 + (3 - 2 + 0.5) / (2 + 0.5));
    double once = idf * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 3.0));
    double twice = idf * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 5 / 3.0));
    assertThat(hits)
        .extracting(Neighbour::similarity)
        .satisfiesExactlyInAnyOrder(
            score -> assertThat(score).isCloseTo(once, within(1e-9)),
            score -> assertThat(score).isCloseTo(twice, within(1e-9)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "\uD83D", "\uDE00\uD83D", "\u0000\u001b", "?!…", "😀", "\uFEFF"})
  void oddTextsAreStoredAndSearchedWithoutHarm(String odd) {
    // Given
    memory.put(example("plain", "card stolen", "card", 0, 1));

    // When
    memory.put(example("odd", odd, "odd", 1, 0));
    List<Neighbour> hits = task.matching(odd + " card", 5, example -> true);

    // Then
    assertThat(hits).extracting(hit -> hit.example().id()).contains("plain");
    assertThat(task.get("odd")).isPresent();
    memory.remove(TASK, "odd");
    assertThat(task.size()).isEqualTo(1);
  }

  @Test
  void aMegabyteIsCutBeforeItIsSegmented() {
    // Given
    String chinese = "退款" + "我的快递什么时候能送到".repeat(100_000);
    String english = "refund " + "parcel ".repeat(150_000);

    // When
    assertTimeout(
        Duration.ofSeconds(5),
        () -> {
          memory.put(example("zh", chinese, "x", 1, 0));
          memory.put(example("en", english, "y", 1, 0));
          task.matching(chinese, 5, example -> true);
        });

    // Then
    assertThat(task.matching("refund", 5, example -> true)).hasSize(1);
    assertThat(task.matching("退款", 5, example -> true)).hasSize(1);
  }
}
