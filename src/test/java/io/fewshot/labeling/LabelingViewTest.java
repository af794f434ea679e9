package io.fewshot.labeling;

import static io.fewshot.labeling.LabelingFixtures.T0;
import static io.fewshot.labeling.LabelingFixtures.TASK;
import static io.fewshot.labeling.LabelingFixtures.correction;
import static io.fewshot.labeling.LabelingFixtures.unsure;
import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.labeling.Decisions.Place;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.prompt.TaskYaml;
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

  private static Place place(long offset) {
    return new Place(0, offset);
  }

  private static String next(LabelingView view, String who) {
    return view.handingOut(handout -> handout.next(TASK, "session of " + who, who))
        .map(OpenRequest::queryId)
        .orElse("nothing");
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
    live.correction(place(1), correction("a", "refund", "ann"), T0);

    LabelingView restarted = view(1);
    restarted.correction(place(2), correction("a", "refund", "ann"), T0);
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
    view.correction(place(3), correction("a", "refund", "ann"), T0);
    view.correction(place(4), correction("b", "refund", "ann"), T0);

    view.withdrawn("a", T0.plusSeconds(1), true);
    view.withdrawn("b", T0.plusSeconds(1), false);

    assertThat(view.waiting(TASK)).isEqualTo(1);
    assertThat(next(view, "ann")).isEqualTo("a");
    assertThat(view.labeled(TASK, 9)).isEmpty();
    assertThat(view.open(TASK, "b")).isEmpty();
    view.request(unsure("b", 0.2));
    assertThat(view.open(TASK, "b")).as("an old request read again").isEmpty();
  }

  @Test
  void skippedItGoesToOthersOnly() {
    LabelingView view = view(1);
    view.request(unsure("a", 0.1));
    next(view, "ann");

    view.handOut(handout -> handout.skip("a", "session of ann"));

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
    vote(view, "ann", "refund");

    // Then it waits for the second, not for the first again
    assertThat(view.waiting(TASK)).isEqualTo(1);
    assertThat(next(view, "ann")).isEqualTo("nothing");
    vote(view, "bob", "cancel");
    assertThat(view.waiting(TASK)).isZero();
    assertThat(state(view)).isEqualTo(Ballot.State.DISPUTED);
    assertThat(view.due()).isEmpty();

    // When it is settled
    view.correction(place(5), correction("a", "cancel", "owner"), T0);

    // Then
    assertThat(state(view)).isEqualTo(Ballot.State.AGREED);
    assertThat(view.labeled(TASK, 1).get(0).votes())
        .extracting(Ballot.Vote::labeler)
        .containsExactly("ann", "bob", "owner");
  }

  @Test
  void whatItsTaskAsksForCountsWhicheverIsReadFirst() {
    // Given a page for one labeler, and votes that are read before the task
    LabelingView view = view(1);
    view.request(unsure("a", 0.1));
    vote(view, "ann", "refund");
    assertThat(view.waiting(TASK)).isZero();

    // When the task is read
    view.task(TASK, task("agreement: 2"));

    // Then a second labeler is asked, and no other task's messages are
    assertThat(view.waiting(TASK)).isEqualTo(1);
    assertThat(view.due()).isEmpty();
    assertThat(next(view, "ann")).isEqualTo("nothing");
    assertThat(next(view, "bob")).isEqualTo("a");
    assertThat(view.agreement("another")).isEqualTo(1);

    // When it asks for no more than the page
    view.task(TASK, task(""));

    // Then the first vote is enough
    assertThat(view.waiting(TASK)).isZero();
    assertThat(view.due()).hasSize(1);
  }

  private static TaskDefinition task(String line) {
    return new TaskYaml().parse("task: " + TASK + "\ninstruction: i\n" + line);
  }

  @Test
  void whatMoreThanHalfSayIsDueUntilACorrectionSaysIt() {
    LabelingView view = view(3);
    view.request(unsure("a", 0.1));
    vote(view, "ann", "refund");
    vote(view, "bob", "cancel");
    assertThat(state(view)).isEqualTo(Ballot.State.OPEN);
    assertThat(view.due()).isEmpty();

    vote(view, "cid", "refund");

    assertThat(state(view)).isEqualTo(Ballot.State.AGREED);
    assertThat(view.due())
        .singleElement()
        .satisfies(
            due -> {
              assertThat(due.last()).isEqualTo(new Ballot.Vote("cid", "refund", T0));
              assertThat(due.text()).isEqualTo("text of a");
            });
    view.correction(place(6), correction("a", "refund", "cid"), T0);
    assertThat(view.due()).isEmpty();
  }

  @Test
  void whatLearningRefusesWaitsForPeopleAgainWhicheverRecordComesFirst() {
    LabelingView live = view(1);
    live.request(unsure("a", 0.1));
    live.correction(place(7), correction("a", "no such label", "ann"), T0);
    live.refused(place(7));

    LabelingView restarted = view(1);
    restarted.refused(place(7));
    restarted.correction(place(7), correction("a", "no such label", "ann"), T0);
    restarted.request(unsure("a", 0.1));

    for (LabelingView view : new LabelingView[] {live, restarted}) {
      assertThat(view.waiting(TASK)).isEqualTo(1);
      assertThat(next(view, "ann")).isEqualTo("a");
      assertThat(view.labeled(TASK, 9)).isEmpty();
    }
  }

  @Test
  void theCorrectionBeforeARefusedOneCountsAgain() {
    LabelingView view = view(1);
    view.request(unsure("a", 0.1));
    view.correction(place(1), correction("a", "refund", "ann"), T0);
    view.correction(place(2), correction("a", "no such label", "bob"), T0);

    view.refused(place(2));

    assertThat(view.waiting(TASK)).isZero();
    assertThat(view.labeled(TASK, 1).get(0).last().output()).isEqualTo("refund");
  }

  @Test
  void whatLabelersAgreeOnAndLearningRefusesIsDisputedAndNotSentAgain() {
    LabelingView view = view(2);
    view.request(unsure("a", 0.1));
    vote(view, "ann", "gone");
    vote(view, "bob", "gone");
    view.correction(place(1), correction("a", "gone", "bob"), T0);

    view.refused(place(1));

    assertThat(state(view)).isEqualTo(Ballot.State.DISPUTED);
    assertThat(view.due()).isEmpty();
  }

  @Test
  void anotherProducersCorrectionCountsWhateverLabelersAreWanted() {
    LabelingView view = view(2);
    view.request(unsure("a", 0.1));
    vote(view, "ann", "refund");

    view.correction(place(7), correction("a", "cancel", "help desk"), T0);

    assertThat(view.waiting(TASK)).isZero();
    assertThat(state(view)).isEqualTo(Ballot.State.AGREED);
    assertThat(view.labeled(TASK, 1).get(0).last().output()).isEqualTo("cancel");
  }

  @Test
  void votesAndCorrectionsAreTakenBackApartFromEachOther() {
    // Given an undone agreement and a vote that came after
    LabelingView live = view(2);
    live.request(unsure("a", 0.1));
    vote(live, "ann", "refund");
    vote(live, "bob", "refund");
    live.correction(place(8), correction("a", "refund", "bob"), T0);
    live.votesWithdrawn("a");
    live.withdrawn("a", T0, true);
    vote(live, "ann", "cancel");

    // When all of it is read anew, one topic after the other
    LabelingView restarted = view(2);
    vote(restarted, "ann", "refund");
    vote(restarted, "bob", "refund");
    restarted.votesWithdrawn("a");
    vote(restarted, "ann", "cancel");
    restarted.request(unsure("a", 0.1));
    restarted.correction(place(9), correction("a", "refund", "bob"), T0);
    restarted.withdrawn("a", T0, true);

    // Then
    for (LabelingView view : new LabelingView[] {live, restarted}) {
      assertThat(view.waiting(TASK)).isEqualTo(1);
      assertThat(view.due()).isEmpty();
      assertThat(view.votes("a")).extracting(Ballot.Vote::output).containsExactly("cancel");
      assertThat(next(view, "ann")).isEqualTo("nothing");
      assertThat(next(view, "bob")).isEqualTo("a");
    }
  }

  @Test
  void aVoteOnAForgottenMessageIsGoneToo() {
    LabelingView view = view(2);
    vote(view, "ann", "refund");
    view.withdrawn("a", T0.plusSeconds(1), false);
    vote(view, "bob", "refund");

    assertThat(view.said("a")).isEmpty();
  }

  private static void vote(LabelingView view, String labeler, String output) {
    view.vote("a", TASK, new Ballot.Vote(labeler, output, T0));
  }

  private static Ballot.State state(LabelingView view) {
    return view.labeled(TASK, 1).get(0).state();
  }
}
