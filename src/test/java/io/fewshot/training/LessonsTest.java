package io.fewshot.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LessonsTest {

  private static final List<String> LABELS = List.of("apple", "pear", "submarine");

  /** Where the encoder sees each label: the fruits are close to each other. */
  private static final float[][] PLACES = {{1, 0, 0}, {0.8f, 0.6f, 0}, {-1, 0, 0.1f}};

  @Test
  void halfOfWhatIsWantedIsTheLabelAndTheRestIsWhatTheEncoderTakesItFor() {
    // Given
    List<LoraTrainer.Row> rows = rows();

    // When
    Lessons lessons = new Lessons(rows, LABELS);

    // Then
    double otherFruit = 0;
    double submarine = 0;
    for (int i = 0; i < rows.size(); i++) {
      float[] wanted = lessons.of(i);
      int own = LABELS.indexOf(rows.get(i).label());
      assertThat(wanted[0] + wanted[1] + wanted[2]).isCloseTo(1, within(1e-5f));
      assertThat(wanted[own]).isGreaterThanOrEqualTo(0.5f).isLessThanOrEqualTo(1);
      otherFruit += own < 2 ? wanted[1 - own] : 0;
      submarine += own < 2 ? wanted[2] : 0;
    }
    assertThat(otherFruit).isGreaterThan(2).isGreaterThan(3 * submarine);
  }

  @Test
  void thereAreNoneWithoutAVectorForEachRowOrWithTooFewRows() {
    List<LoraTrainer.Row> rows = rows();
    List<LoraTrainer.Row> one = new ArrayList<>(rows);
    one.set(4, new LoraTrainer.Row("no vector", "pear"));

    assertThat(Lessons.canBe(rows)).isTrue();
    assertThat(Lessons.canBe(one)).isFalse();
    assertThat(Lessons.canBe(rows.subList(0, 10))).isFalse();
  }

  private static List<LoraTrainer.Row> rows() {
    Random random = new Random(3);
    List<LoraTrainer.Row> rows = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      float[] vector = PLACES[i % 3].clone();
      for (int d = 0; d < vector.length; d++) {
        vector[d] += (float) (0.4 * random.nextGaussian());
      }
      rows.add(new LoraTrainer.Row("message " + i, LABELS.get(i % 3), vector));
    }
    return rows;
  }
}
