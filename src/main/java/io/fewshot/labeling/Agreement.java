package io.fewshot.labeling;

import io.fewshot.event.internal.Vote;
import java.util.List;

/**
 * Messages that several labelers must agree on. What each says is a vote, which teaches nothing;
 * what they agree on is published as a correction. Safe for use by several threads.
 *
 * <p>A crash between the last vote and the correction loses nothing: votes that agree without one
 * are looked for whenever somebody asks for work. The correction is made of the votes alone, so
 * that one that is written twice is the very same and changes nothing.
 */
final class Agreement {

  private final LabelingView view;
  private final Publisher publisher;
  private final TopicFollower follower;

  Agreement(LabelingView view, Publisher publisher, TopicFollower follower) {
    this.view = view;
    this.publisher = publisher;
    this.follower = follower;
  }

  /** Counts a labeler's word, and publishes what is agreed on with it. */
  void vote(List<OpenRequest> requests, String output, String labeler) {
    follower.awaitRead(
        publisher.vote(
            requests.stream()
                .map(request -> vote(request, new Ballot.Vote(labeler, output, Publisher.now())))
                .toList()));
    publishDue();
  }

  static Vote vote(OpenRequest request, Ballot.Vote vote) {
    return Vote.newBuilder()
        .setTask(request.task())
        .setQueryId(request.queryId())
        .setLabeler(vote.labeler())
        .setOutput(vote.output())
        .setAt(vote.at())
        .build();
  }

  /** Publishes what is agreed on and not published yet. */
  void publishDue() {
    // Before all is read, a correction may only not have been seen yet.
    if (!follower.isCaughtUp() || view.due().isEmpty()) {
      return;
    }
    synchronized (this) {
      follower.awaitRead(
          publisher.correct(
              view.due().stream()
                  .map(
                      each ->
                          Publisher.correction(
                              each.queryId(), each.task(), each.text(), each.last()))
                  .toList()));
    }
  }
}
