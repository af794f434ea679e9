package io.fewshot.prompt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TaskYamlTest {

  private final TaskYaml yaml = new TaskYaml();

  @Test
  void onlyNameAndInstructionAreRequired() {
    TaskDefinition task = yaml.parse("task: t\ninstruction: Name the intent.\n");

    assertThat(task)
        .isEqualTo(
            new TaskDefinition(
                "t",
                Kind.CLASSIFY,
                "Name the intent.",
                Language.AUTO,
                Map.of(),
                new TaskDefinition.Examples(8, Selection.HYBRID),
                new Promise.Accuracy(0.95),
                TaskDefinition.Start.PROVISIONAL,
                List.of(Rung.NEIGHBOURS, Rung.HEAD, Rung.FEW_SHOT, Rung.FINE_TUNED),
                0.02,
                0,
                "smollm2-135m-instruct"));
  }

  @Test
  void everyKeyIsRead() {
    TaskDefinition task =
        yaml.parse(
            """
            task: reviews
            kind: classify
            instruction: 判断情感。
            language: zh
            labels: {positive: 满意, negative: }
            examples: {k: 3, select: mmr}
            promise: {share: 0.8}
            start: cautious
            rungs: [few-shot, neighbours]
            audit: 0
            agreement: 2
            model: other
            """);

    assertThat(task.language()).isEqualTo(Language.ZH);
    assertThat(task.labels())
        .containsExactly(Map.entry("positive", "满意"), Map.entry("negative", ""));
    assertThat(task.examples()).isEqualTo(new TaskDefinition.Examples(3, Selection.MMR));
    assertThat(task.promise()).isEqualTo(new Promise.Share(0.8));
    assertThat(task.start()).isEqualTo(TaskDefinition.Start.CAUTIOUS);
    assertThat(task.rungs()).containsExactly(Rung.NEIGHBOURS, Rung.FEW_SHOT);
    assertThat(task.audit()).isZero();
    assertThat(task.agreement()).isEqualTo(2);
    assertThat(task.model()).isEqualTo("other");
  }

  @Test
  void labelsMayBeAList() {
    TaskDefinition task = yaml.parse("task: t\ninstruction: i\nlabels: [yes please, 42]\n");

    assertThat(task.labels().keySet()).containsExactly("yes please", "42");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[yes, no, on, True, 007, 1.10, 1_000, 0x1F, 1e3, 2026-01-02, 12:30:45, .5, +1]",
        "{yes: , no: , on: , True: , 007: , 1.10: , 1_000: , 0x1F: , 1e3: , 2026-01-02: , 12:30:45:"
            + " , .5: , +1: }"
      })
  void labelsAreWhatIsWritten(String labels) {
    TaskDefinition task = yaml.parse("task: 1.10\ninstruction: i\nlabels: " + labels + "\n");

    assertThat(task.task()).isEqualTo("1.10");
    assertThat(task.labels().keySet())
        .containsExactly(
            "yes",
            "no",
            "on",
            "True",
            "007",
            "1.10",
            "1_000",
            "0x1F",
            "1e3",
            "2026-01-02",
            "12:30:45",
            ".5",
            "+1");
  }

  @Test
  void labelsHaveOneForm() {
    TaskDefinition task =
        yaml.parse("task: t\ninstruction: i\nlabels: ['late ', ge\u0301ne\u0301]\n");

    assertThat(task.labels().keySet()).containsExactly("late", "g\u00E9n\u00E9");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "task: t\\ninstruction: i\\nlabels: [a, null]|put it in quotes",
        "task: t\\ninstruction: i\\nlabels: [a, ' a']|stands twice",
        "task: t\\ninstruction: i\\nlabels: {a: x, ' a': y}|stands twice",
        "task: t\\ninstruction: i\\nlabels: [a, ' ']|without a name",
        "task: t|`instruction` is required",
        "instruction: i|`task` is required",
        "task: a/b\\ninstruction: i|a name has letters",
        "task: t\\ninstruction: i\\nlables: {}|unknown key `lables`; known are agreement, audit",
        "task: t\\ninstruction: i\\nexamples: {n: 3}|unknown key `examples.n`; known are k, select",
        "task: t\\ninstruction: i\\nexamples: {select: best}|unknown select `best`; known are hybrid",
        "task: t\\ninstruction: i\\nexamples: {k: 2.5}|whole number",
        "task: t\\ninstruction: i\\nagreement: 0|from 1 to 9",
        "task: t\\ninstruction: i\\nexamples: 3|`examples` is a map",
        "task: t\\ninstruction: i\\npromise: {accuracy: 95}|from 0 to 1",
        "task: t\\ninstruction: i\\npromise: {accuracy: 0.9, share: 0.8}|exactly one",
        "task: t\\ninstruction: i\\nrungs: [people]|unknown rung `people`",
        "task: t\\ninstruction: i\\nrungs: []|`rungs` is a list",
        "task: t\\ninstruction: i\\nkind: guess|unknown kind `guess`",
        "task: t\\ninstruction: i\\nkind: extract\\nlabels: [a]|`kind: classify` only",
        "task: t\\ninstruction: i\\nlabels: [a, a]|stands twice",
        "task: t\\ninstruction: i\\nlabels: []|has none",
        "task: t\\ninstruction: {a: b}|not plain text",
        "task: t\\ntask: u\\ninstruction: i|Duplicate field",
        "task: [|not valid YAML",
        "- a|is a map",
        "just text|is a map",
      })
  void whatCannotBeUsedIsNamed(String text, String message) {
    assertThatThrownBy(() -> yaml.parse(text.replace("\\n", "\n")))
        .isInstanceOf(InvalidTaskException.class)
        .hasMessageContaining(message)
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
  }

  @Test
  void emptyAndEnormousTextIsRefused() {
    assertThatThrownBy(() -> yaml.parse("")).isInstanceOf(InvalidTaskException.class);
    assertThatThrownBy(() -> yaml.parse("task: t\ninstruction: " + "x".repeat(2_000_000)))
        .isInstanceOf(InvalidTaskException.class);
  }

  @ParameterizedTest
  @CsvSource({"快递三天了还没到,ZH", "where is my card,EN", "iPhone 6p 电池不行了,ZH", "'',EN", "123,EN"})
  void autoFollowsTheScript(String text, Language expected) {
    assertThat(Language.AUTO.of(text)).isEqualTo(expected);
    assertThat(Language.ZH.of(text)).isEqualTo(Language.ZH);
  }
}
