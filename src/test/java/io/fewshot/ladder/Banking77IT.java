package io.fewshot.ladder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fewshot.memory.Encoders;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskYaml;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** A small part of the measurement, to notice when the rung `neighbours` gets worse. */
class Banking77IT {

  private static final Path DATA = Path.of("../shared/data/banking77");

  @Test
  void fiveExamplesOfEachIntentGoFar() throws IOException {
    // Given
    assumeTrue(Files.isDirectory(DATA), "the data set is not beside the project");
    List<Evaluation.Row> test =
        new ArrayList<>(MeasureMain.read(DATA.resolve("test.csv").toString()));
    Collections.shuffle(test, new Random(99));
    List<EvaluationLine> lines = new ArrayList<>();

    // When
    try (Encoders encoders = new Encoders()) {
      new Evaluation(
              encoders,
              name -> {
                throw new Answerer.NotReadyException("not asked here");
              },
              LadderSettings.DEFAULTS)
          .run(
              new Evaluation.Plan(
                  new TaskYaml().parse("task: b\ninstruction: Name the intent.\nlanguage: en\n"),
                  MeasureMain.read(DATA.resolve("train.csv").toString()),
                  test.subList(0, 500),
                  Set.of(Rung.NEIGHBOURS),
                  List.of(),
                  5,
                  1),
              lines::add,
              (what, done, total) -> {});
    }

    // Then: the standard error of 500 answers is 0.017
    assertThat(lines.get(0).accuracy()).isGreaterThan(0.79);
    assertThat(lines.get(0).ece()).isLessThan(0.08);
    assertThat(lines.get(0).acceptedAccuracy()).isGreaterThan(0.93);
  }
}
