package io.fewshot.ladder;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.ladder.Evaluation.Row;
import io.fewshot.memory.Encoders;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskYaml;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EvaluationIT {

  @Test
  void eachRungAndTheLadderAreMeasured() {
    // Given
    List<Row> examples =
        List.of(
            new Row("Give me my money back", "refund"),
            new Row("I want a refund please", "refund"),
            new Row("Where is my order?", "order_status"),
            new Row("When will my parcel arrive?", "order_status"));
    List<Row> test =
        List.of(
            new Row("Please refund my purchase", "refund"),
            new Row("When does my order arrive?", "order_status"),
            new Row("What is the capital of Peru?", "oos"));
    String yaml =
        "task: t\ninstruction: Name the intent.\nlanguage: en\npromise: {accuracy: 0.99}\n";
    List<EvaluationLine> lines = new ArrayList<>();
    List<String> steps = new ArrayList<>();

    // When
    try (Encoders encoders = new Encoders()) {
      new Evaluation(encoders, name -> new ScriptedModel(), LadderSettings.DEFAULTS)
          .run(
              new Evaluation.Plan(
                  new TaskYaml().parse(yaml),
                  examples,
                  test,
                  Set.of(Rung.NEIGHBOURS, Rung.FEW_SHOT),
                  List.of(0, 2),
                  0,
                  0),
              lines::add,
              (what, done, total) -> steps.add(what));
    }

    // Then
    assertThat(lines)
        .extracting(line -> line.rung() + " " + line.shots())
        .containsExactly("neighbours 0", "few-shot 0", "few-shot 2", "ladder 0", "ladder 2");
    assertThat(lines).extracting(EvaluationLine::n).containsOnly(3);
    assertThat(lines.get(0).accuracy()).isEqualTo(1);
    assertThat(lines.get(0).tokensPerMessage()).isZero();
    assertThat(lines.get(2).tokensPerMessage()).isGreaterThan(lines.get(1).tokensPerMessage());
    assertThat(lines.get(1).tokensPerMessage()).isPositive();
    assertThat(steps).contains("encoding examples", "neighbours", "few-shot", "ladder");
  }
}
