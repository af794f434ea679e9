package io.fewshot.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.InternalSerde;
import io.fewshot.event.internal.CorrectionOutcome;
import io.fewshot.event.internal.Decision;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.streams.TestOutputTopic;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever becomes of a correction, its writer can hear of it. */
class CorrectionOutcomesTest {

  @TempDir Path state;

  private LearningWorld world;
  private TestOutputTopic<String, CorrectionOutcome> outcomes;

  @BeforeEach
  void start() throws Exception {
    world =
        new LearningWorld(state, LearningWorld.parts(new OddEncoder()), RecordLimits.standard());
    outcomes =
        world.output(
            LearningWorld.TOPICS.outcomes().name(),
            InternalSerde.correctionOutcome().deserializer());
    world.define("t", "labels: {a: one, b: two}");
    world.tick();
  }

  @AfterEach
  void stop() {
    world.close();
  }

  private List<Decision> decisions() {
    List<Decision> decisions = new ArrayList<>();
    outcomes.readValuesToList().forEach(each -> decisions.add(each.getDecision()));
    return decisions;
  }

  @Test
  void oneThatTeachesIsAppliedAndItsRepetitionIsSaid() {
    world.saw("q", "t", "hello");
    byte[] correction = world.bytes(LearningWorld.correction("q", "a").build());

    world.corrections.pipeInput(LearningWorld.utf8("q"), correction, LearningWorld.START);
    world.corrections.pipeInput(LearningWorld.utf8("q"), correction, LearningWorld.START);

    List<CorrectionOutcome> said = outcomes.readValuesToList();
    assertThat(said)
        .extracting(CorrectionOutcome::getDecision)
        .containsExactly(Decision.APPLIED, Decision.REPEATED);
    assertThat(said).extracting(CorrectionOutcome::getOffset).containsExactly(0L, 1L);
    assertThat(said.get(0).getTask()).isEqualTo("t");
  }

  @Test
  void oneThatIsRefusedSaysWhyAndWhere() {
    world.saw("q", "t", "hello");

    world.correct("q", "no such label");
    world.correct("unknown", "a");
    world.pass(Duration.ofSeconds(61));

    List<CorrectionOutcome> said = outcomes.readValuesToList();
    assertThat(said)
        .extracting(CorrectionOutcome::getReason)
        .containsExactly("UNKNOWN_LABEL", "UNKNOWN_QUERY");
    assertThat(said.get(0).getMessage()).contains("no such label");
    assertThat(said).extracting(CorrectionOutcome::getOffset).containsExactly(0L, 1L);
  }

  @Test
  void oneThatCannotBeReadIsRefusedToo() {
    world.corrections.pipeInput(LearningWorld.utf8("q"), new byte[] {9, 9});

    assertThat(outcomes.readValuesToList())
        .singleElement()
        .satisfies(said -> assertThat(said.getReason()).isEqualTo("UNDECODABLE"));
  }

  @Test
  void forgettingSaysWhetherThereWasAnything() {
    world.saw("q", "t", "hello");
    world.correct("q", "a");
    decisions();

    world.corrections.pipeInput(LearningWorld.utf8("q"), (byte[]) null);
    world.corrections.pipeInput(LearningWorld.utf8("nobody"), (byte[]) null);

    assertThat(decisions()).containsExactly(Decision.WITHDRAWN, Decision.NOTHING);
  }

  @Test
  void forgettingEndsWhatWaited() {
    world.correct("q", "a");
    assertThat(decisions()).isEmpty();

    world.corrections.pipeInput(LearningWorld.utf8("q"), (byte[]) null);

    assertThat(decisions()).containsExactly(Decision.WITHDRAWN, Decision.WITHDRAWN);
  }
}
