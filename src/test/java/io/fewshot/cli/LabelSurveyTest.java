package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.prompt.TaskDefinition;
import io.fewshot.prompt.TaskYaml;
import java.util.List;
import org.junit.jupiter.api.Test;

class LabelSurveyTest {

  private static final TaskDefinition FIXED =
      new TaskYaml().parse("task: t\ninstruction: i\nlabels: [late, refund]\n");

  private static final TaskDefinition OPEN = new TaskYaml().parse("task: t\ninstruction: i\n");

  private final LabelSurvey survey = new LabelSurvey();

  @Test
  void labelsThatLookTheSameAreNamedTogether() {
    add("late", "Late", "late", "refund");

    assertThat(survey.alike())
        .containsExactly(
            "'late' (2 rows) and 'Late' (1 row) differ by case, spaces or form only, but are"
                + " different labels: write one");
  }

  @Test
  void unknownLabelsAreNamedWithTheirPlaceAndWhatTheyMayMean() {
    add("late", "lte", "REFUND", "REFUND");

    List<String> unknown = survey.unknown(FIXED.labels().keySet());

    assertThat(unknown).containsExactly("lte", "REFUND");
    assertThat(survey.rows(unknown)).isEqualTo(3);
    assertThat(survey.named(unknown, FIXED.labels().keySet()))
        .isEqualTo("'lte' (line 3), 'REFUND' (2 rows from line 4 on; is 'refund' meant?)");
  }

  @Test
  void manyUnknownLabelsAreCounted() {
    for (int i = 0; i < 20; i++) {
      add("label-" + i);
    }

    assertThat(survey.named(survey.unknown(List.of()), List.of()))
        .startsWith("'label-0' (line 2), 'label-1' (line 3)")
        .endsWith(" and 12 more");
  }

  @Test
  void aTaskThatDeclaresItsLabelsTakesNoOthers() {
    assertThat(LabelSurvey.problem(FIXED, "late")).isEmpty();
    assertThat(LabelSurvey.problem(OPEN, "anything")).isEmpty();
    assertThat(LabelSurvey.problem(FIXED, "Late"))
        .contains("the task t has no label 'Late': is 'late' meant?");
    assertThat(LabelSurvey.problem(FIXED, "lte"))
        .contains("the task t has no label 'lte': its labels are 'late', 'refund'");
  }

  private long line = 1;

  private void add(String... labels) {
    for (String label : labels) {
      survey.add(new Row(++line, "text", label, null, null, null));
    }
  }
}
