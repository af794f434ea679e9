package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.prompt.TaskYaml;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EvalInputsTest {

  private static final String OPEN = "";
  private static final String FIXED = "labels: [late, refund]\n";

  @Test
  void whatIsSoundIsNotTalkedAbout() {
    assertThat(notes(OPEN, rows("a=late", "b=refund"), rows("c=late", "d=refund", "e=oos")))
        .isEmpty();
    assertThat(notes("kind: generate\n", rows("a=x"), rows("b=y"))).isEmpty();
  }

  @Test
  void unknownLabelsOfTheTestAreCountedAndNamed() {
    assertThat(notes(OPEN, rows("a=late", "b=refund"), rows("c=Late", "d=REFUND", "e=late")))
        .contains(
            "test.csv: 2 of 3 rows have a label that neither task nor examples know: they count as"
                + " novel, not in the accuracy: 'Late' (line 2; is 'late' meant?), 'REFUND' (line"
                + " 3; is 'refund' meant?)");
  }

  @Test
  void labelsOfExamplesThatTheTaskDoesNotDeclareAreNamed() {
    assertThat(notes(FIXED, rows("a=late", "b=broken"), rows("c=late", "d=refund")))
        .containsExactly(
            "examples.csv: 1 of 2 rows have a label that the task does not declare, which is never"
                + " answered: 'broken' (line 3)");
  }

  @Test
  void rowsThatTheMemoryHasAreCounted() {
    assertThat(notes(OPEN, rows("a=late", "b=refund"), rows("c=late", "B!=refund")))
        .containsExactly(
            "test.csv: 1 of 2 rows are in examples.csv too, the first on line 3: take them out,"
                + " they are remembered and not answered");
  }

  @Test
  void oneLabelAloneMeasuresNothing() {
    assertThat(notes(OPEN, rows("a=late", "b=refund"), rows("c=late", "d=late")))
        .containsExactly(
            "test.csv: all rows have the label 'late': add others, with one label nothing is"
                + " measured");
  }

  private static List<String> notes(String more, List<Row> examples, List<Row> test) {
    return new EvalInputs(
            new TaskYaml().parse("task: t\ninstruction: i\n" + more),
            "examples.csv",
            examples,
            "test.csv",
            test)
        .notes();
  }

  private static List<Row> rows(String... textAndLabel) {
    List<Row> rows = new ArrayList<>();
    for (String each : textAndLabel) {
      String[] parts = each.split("=");
      rows.add(new Row(rows.size() + 2, parts[0], parts[1], null, null, null));
    }
    return rows;
  }
}
