package io.fewshot.labeling;

import static io.fewshot.labeling.LabelingFixtures.T0;
import static io.fewshot.labeling.LabelingFixtures.TASK;
import static io.fewshot.labeling.LabelingFixtures.correction;
import static io.fewshot.labeling.LabelingFixtures.unsure;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class LabelingViewTest {

  private final AtomicReference<Instant> now = new AtomicReference<>(T0);

  private LabelingView view(int agreement) {
    InstantSource clock = now::get;
    return new LabelingView(agreement, clock, Duration.ofSeconds(60));
  }

  private static String next(LabelingView view, String who) {
    return view.next(TASK, "session of " + who, who).map(OpenRequest::queryId).orElse("nothing");
  }

  @Test
  void twoLabelersNeverGetTheSameMessage() {
    LabelingView view = view(1);
    view.request(unsure("a", 0.1));
    view.request(unsure("b", 0.2));

    assertThat(next(view, "ann")).isEqualTo("a");
    assertThat(next(view, "bob")).isEqualTo("b");
    assertThat(next(view, "cid")).isEqualTo("nothing");
    assertThat(next(view, "ann")).as("asked again").isEqualTo("a");
  }

  @Test
  void aLeaseEndsByItselfUnlessItIsRenewed() {
    // Given
    LabelingView view = view(1);
    view.request(unsure("a", 0.1));
    next(view, "ann");

    // When ann asks again after 40 s and then goes away
    now.set(T0.plusSeconds(40));
    next(view, "ann");
    now.set(T0.plusSeconds(70));
    String early = next(view, "bob");
    now.set(T0.plusSeconds(101));
    String late = next(view, "bob");

    // Then
    assertThat(early).isEqualTo("nothing");
    assertThat(late).isEqualTo("a");
    assertThat(next(view, "ann")).isEqualTo("nothing");
  }

  @Test
  void whatIsAnsweredLeavesTheQueueWhicheverRecordComesFirst() {
    LabelingView live = view(1);
    live.request(unsure("a", 0.1));
    live.correction(correction("a", "refund", "ann"), T0, false);

    LabelingView restarted = view(1);
    restarted.correction(correction("a", "refund", "ann"), T0, false);
    restarted.request(unsure("a", 0.1));

    for (LabelingView view : new LabelingView[] {live, restarted}) {
      assertThat(view.waiting(TASK)).isZero();
      assertThat(view.labeled(TASK, 9))
          .singleElement()
          .satisfies(labeled -> assertThat(labeled.last().output()).isEqualTo("refund"));
    }
  }

  @Test
  void undoneItWaitsAgainAndForgottenItIsGone() {
    LabelingView view = view(1);
    view.request(unsure("a", 0.1));
    view.request(unsure("b", 0.2));
    view.correction(correction("a", "refund", "ann"), T0, false);
    view.correction(correction("b", "refund", "ann"), T0, false);

    view.withdrawn("a", T0.plusSeconds(1), true);
    view.withdrawn("b", T0.plusSeconds(1), false);

    assertThat(view.waiting(TASK)).isEqualTo(1);
    assertThat(next(view, "ann")).isEqualTo("a");
    assertThat(view.labeled(TASK, 9)).isEmpty();
    assertThat(view.find("b")).isEmpty();
    view.request(unsure("b", 0.2));
    assertThat(view.find("b")).as("an old request read again").isEmpty();
  }

  @Test
  void skippedItGoesToOthersOnly() {
    LabelingView view = view(1);
    view.request(unsure("a", 0.1));
    next(view, "ann");

    view.skip("a", "session of ann");

    assertThat(next(view, "ann")).isEqualTo("nothing");
    assertThat(next(view, "bob")).isEqualTo("a");
  }

  @Test
  void asManyLabelersAsTheTaskAsksFor() {
    // Given
    LabelingView view = view(2);
    view.request(unsure("a", 0.1));

    // When both look at it, and a third wants to
    assertThat(next(view, "ann")).isEqualTo("a");
    assertThat(next(view, "bob")).isEqualTo("a");
    assertThat(next(view, "cid")).isEqualTo("nothing");
    view.correction(correction("a", "refund", "ann"), T0, false);

    // Then it waits for the second, not for the first again
    assertThat(view.waiting(TASK)).isEqualTo(1);
    assertThat(next(view, "ann")).isEqualTo("nothing");
    view.correction(correction("a", "cancel", "bob"), T0, false);
    assertThat(view.waiting(TASK)).isZero();
    assertThat(state(view)).isEqualTo(Ballot.State.DISPUTED);

    // When it is settled
    view.correction(correction("a", "cancel", "owner"), T0, true);

    // Then
    assertThat(state(view)).isEqualTo(Ballot.State.AGREED);
  }

  @Test
  void agreementNeedsMoreThanHalf() {
    LabelingView view = view(3);
    view.request(unsure("a", 0.1));
    view.correction(correction("a", "refund", "ann"), T0, false);
    view.correction(correction("a", "cancel", "bob"), T0, false);
    assertThat(state(view)).isEqualTo(Ballot.State.OPEN);

    view.correction(correction("a", "refund", "cid"), T0, false);

    assertThat(state(view)).isEqualTo(Ballot.State.AGREED);
  }

  private static Ballot.State state(LabelingView view) {
    return view.labeled(TASK, 1).get(0).state();
  }
}
