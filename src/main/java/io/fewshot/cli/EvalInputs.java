package io.fewshot.cli;

import io.fewshot.memory.NearDuplicates;
import io.fewshot.prompt.Kind;
import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What {@code eval} is given, and what about it makes its numbers say less than they seem to. */
record EvalInputs(
    TaskDefinition task, String examplesName, List<Row> examples, String testName, List<Row> test) {

  /** A line for each. */
  List<String> notes() {
    List<String> notes = new ArrayList<>();
    if (task.kind() == Kind.CLASSIFY) {
      addLabels(notes);
    }
    addOverlap(notes);
    return notes;
  }

  private void addLabels(List<String> notes) {
    LabelSurvey ofExamples = survey(examples);
    LabelSurvey ofTest = survey(test);
    ofExamples.alike().forEach(line -> notes.add(examplesName + ": " + line));
    ofTest.alike().forEach(line -> notes.add(testName + ": " + line));
    Set<String> fixed = task.labels().keySet();
    if (LabelSurvey.isFixed(task)) {
      addUnknown(
          notes,
          examplesName,
          ofExamples,
          fixed,
          "have a label that the task does not declare, which is never answered");
    }
    Set<String> known = new LinkedHashSet<>(fixed);
    known.addAll(ofExamples.labels());
    addUnknown(
        notes,
        testName,
        ofTest,
        known,
        "have a label that neither task nor examples know: they count as novel, not in the"
            + " accuracy");
    addOneClass(notes, examplesName, ofExamples);
    addOneClass(notes, testName, ofTest);
  }

  private static void addUnknown(
      List<String> notes, String name, LabelSurvey survey, Set<String> known, String what) {
    List<String> unknown =
        survey.unknown(known).stream()
            .filter(label -> !label.equals(Corrections.OUT_OF_SCOPE))
            .toList();
    if (!unknown.isEmpty()) {
      notes.add(
          "%s: %,d of %,d rows %s: %s"
              .formatted(
                  name,
                  survey.rows(unknown),
                  survey.rows(survey.labels()),
                  what,
                  survey.named(unknown, known)));
    }
  }

  private static void addOneClass(List<String> notes, String name, LabelSurvey survey) {
    if (survey.labels().size() == 1) {
      notes.add(
          "%s: all rows have the label %s: add others, with one label nothing is measured"
              .formatted(name, LabelSurvey.quote(survey.labels().iterator().next())));
    }
  }

  /** What the memory has word for word is remembered, not answered. */
  private void addOverlap(List<String> notes) {
    Set<Long> known = new HashSet<>();
    examples.forEach(row -> known.add(NearDuplicates.hash(row.text())));
    List<Row> both =
        test.stream().filter(row -> known.contains(NearDuplicates.hash(row.text()))).toList();
    if (!both.isEmpty()) {
      notes.add(
          "%s: %,d of %,d rows are in %s too, the first on line %d: take them out, they are"
                  .formatted(testName, both.size(), test.size(), examplesName, both.get(0).line())
              + " remembered and not answered");
    }
  }

  private static LabelSurvey survey(List<Row> rows) {
    LabelSurvey survey = new LabelSurvey();
    rows.forEach(survey::add);
    return survey;
  }
}
