package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.streams.processor.TaskId;
import org.junit.jupiter.api.Test;

class ThreadBudgetsTest {

  private static final long ARRIVING = 5_000_000;

  private long now;
  private final ThreadBudgets budgets = new ThreadBudgets(100, () -> now);

  @Test
  void aRoundEndsWhenItsTimeIsSpentAndThoseLeftOutGoFirstInTheNext() {
    List<List<Integer>> rounds = new ArrayList<>();
    for (int round = 0; round < 5; round++) {
      List<Integer> answered = new ArrayList<>();
      for (int partition = 0; partition < 5; partition++) {
        if (budgets.mayAnswer(partition(partition))) {
          budgets.spend(() -> now += 60);
          answered.add(partition);
        }
      }
      rounds.add(answered);
    }

    assertThat(rounds.get(0)).containsExactly(0, 1);
    assertThat(rounds.get(1)).containsExactly(2, 3);
    assertThat(rounds.get(2)).containsExactly(4);
    assertThat(rounds.get(3)).containsExactly(0, 1);
    assertThat(rounds.get(4)).containsExactly(2, 3);
  }

  @Test
  void nobodyWaitsForAPartitionThatWentElsewhere() {
    budgets.mayAnswer(partition(0));
    budgets.spend(() -> now += 200);
    assertThat(budgets.mayAnswer(partition(1))).isFalse();

    budgets.remove(partition(1));

    assertThat(budgets.mayAnswer(partition(0))).as("a new round").isTrue();
  }

  @Test
  void whileRecordsComeInReadingHasItsTimeBetweenBatches() {
    assertThat(budgets.mayAnswer(partition(0))).isTrue();
    budgets.spend(() -> now += 17);
    budgets.arrived();
    assertThat(budgets.mayAnswer(partition(1))).isFalse();

    now += 40;
    assertThat(budgets.mayAnswer(partition(0))).as("the other goes first").isFalse();
    assertThat(budgets.mayAnswer(partition(1))).isTrue();
    budgets.spend(() -> now += 17);
    now += ARRIVING;
    assertThat(budgets.mayAnswer(partition(0))).as("nothing comes any more").isTrue();
  }

  @Test
  void eachThreadHasABudgetOfItsOwn() throws InterruptedException {
    budgets.mayAnswer(partition(0));
    budgets.spend(() -> now += 200);
    boolean[] may = {false};

    Thread other = new Thread(() -> may[0] = budgets.mayAnswer(partition(1)));
    other.start();
    other.join();

    assertThat(may[0]).isTrue();
  }

  private static TaskId partition(int number) {
    return new TaskId(0, number);
  }
}
