package io.fewshot.ladder;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.prompt.Kind;
import io.fewshot.prompt.Rung;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class EvaluationLineTest {

  private static Answer answer(
      @Nullable String output, double confidence, boolean accepted, boolean novel) {
    return new Answer(
        output,
        confidence,
        List.of(),
        Rung.FEW_SHOT,
        List.of(),
        "v",
        100,
        false,
        accepted,
        novel,
        null);
  }

  @Test
  void novelMessagesCountForRecallAndFalseAlarmsAsWrong() {
    // Given
    EvaluationLine.Builder line = new EvaluationLine.Builder("ladder", 8, Set.of("a", "b"));

    // When
    line.add(Kind.CLASSIFY, "a", answer("a", 0.9, true, false));
    line.add(Kind.CLASSIFY, "b", answer("a", 0.8, true, false));
    line.add(Kind.CLASSIFY, "b", answer("b", 0.4, false, true));
    line.add(Kind.CLASSIFY, "oos", answer("a", 0.3, false, true));
    line.add(Kind.CLASSIFY, "unheard-of", answer("a", 0.7, false, false));
    line.took(50_000_000);
    EvaluationLine built = line.build();

    // Then
    assertThat(built.n()).isEqualTo(5);
    assertThat(built.novel()).isEqualTo(2);
    assertThat(built.accuracy()).isEqualTo(1.0 / 3);
    assertThat(built.novelRecall()).isEqualTo(0.5);
    assertThat(built.novelFalseAlarms()).isEqualTo(1.0 / 3);
    assertThat(built.msPerMessage()).isEqualTo(10);
    assertThat(built.tokensPerMessage()).isEqualTo(100);
    assertThat(built.acceptedShare()).isEqualTo(2.0 / 5);
    assertThat(built.acceptedAccuracy()).isEqualTo(1.0 / 2);
  }

  @Test
  void writtenJsonIsComparedByMeaning() {
    // Given
    EvaluationLine.Builder line = new EvaluationLine.Builder("few-shot", 3, null);

    // When
    line.add(Kind.EXTRACT, "{\"a\": 1, \"b\": 2}", answer("{\"b\":2,\"a\":1}", 0.5, false, false));
    line.add(Kind.EXTRACT, "{\"a\": 1}", answer("{\"a\": \"1\"}", 0.5, false, false));

    // Then
    assertThat(line.build().accuracy()).isEqualTo(0.5);
    assertThat(line.build().novelRecall()).isNaN();
  }

  @Test
  void whatWasNotMeasuredIsPrintedAsNull() {
    EvaluationLine line = new EvaluationLine.Builder("neighbours", 0, Set.of()).build();

    assertThat(line.fields())
        .containsEntry("rung", "neighbours")
        .containsEntry("accuracy", null)
        .containsEntry("novel_recall", null)
        .containsKeys(
            "shots",
            "n",
            "macro_f1",
            "ece",
            "aurc",
            "novel_false_alarms",
            "ms_per_message",
            "tokens_per_message");
  }

  @Test
  void aDrawTakesSoManyOfEachLabelAndDependsOnItsSeedAlone() {
    // Given
    List<Evaluation.Row> rows =
        IntStream.range(0, 60)
            .mapToObj(i -> new Evaluation.Row("text " + i, i < 57 ? "many" : "few"))
            .toList();

    // When
    List<Evaluation.Row> drawn = Evaluation.draw(rows, 5, 1);

    // Then
    assertThat(drawn).filteredOn(row -> row.label().equals("many")).hasSize(5);
    assertThat(drawn).filteredOn(row -> row.label().equals("few")).hasSize(3);
    assertThat(Evaluation.draw(rows, 5, 1)).isEqualTo(drawn);
    assertThat(Evaluation.draw(rows, 5, 2)).isNotEqualTo(drawn);
    assertThat(Evaluation.draw(rows, 0, 1)).isEqualTo(rows);
  }
}
