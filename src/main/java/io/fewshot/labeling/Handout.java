package io.fewshot.labeling;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Who gets which message: the most useful one that nobody else looks at, and that they have neither
 * answered nor put aside. Not safe for use by several threads.
 */
final class Handout {

  private static final int SKIPS = 10_000;

  private final Messages messages;
  private final Leases leases;
  private final Map<String, Set<String>> skipped = new Bounded<>(SKIPS);

  Handout(Messages messages, Leases leases) {
    this.messages = messages;
    this.leases = leases;
  }

  /**
   * The message that this labeler should answer: the one that they have already, or the most useful
   * that is free.
   *
   * @param holder the labeler's session
   * @param labeler their name
   */
  Optional<OpenRequest> next(String task, String holder, String labeler) {
    LabelingQueue queue = messages.queue(task);
    Optional<OpenRequest> next =
        leases.heldBy(holder).stream()
            .flatMap(id -> queue.get(id).stream())
            .filter(request -> isFree(request, holder, labeler))
            .findFirst();
    if (next.isEmpty()) {
      Set<String> notNow = skipped.getOrDefault(holder, Set.of());
      next =
          queue.next(
              request -> !notNow.contains(request.queryId()) && isFree(request, holder, labeler));
    }
    next.ifPresent(request -> leases.take(request.queryId(), holder));
    return next;
  }

  private boolean isFree(OpenRequest request, String holder, String labeler) {
    Optional<Ballot> ballot = messages.ballot(request.queryId());
    return ballot.filter(votes -> votes.hasVoted(labeler)).isEmpty()
        && ballot.map(Ballot::size).orElse(0) + leases.heldByOthers(request.queryId(), holder)
            < messages.agreement(request.task());
  }

  /** Waiting messages of a task that this labeler could answer too. */
  List<OpenRequest> free(String task, String holder, String labeler) {
    return messages.queue(task).all().stream()
        .filter(request -> isFree(request, holder, labeler))
        .toList();
  }

  /** Puts a message aside for this labeler, until they have no other. */
  void skip(String queryId, String holder) {
    skipped.computeIfAbsent(holder, key -> new HashSet<>()).add(queryId);
    leases.release(queryId, holder);
  }

  /** Brings back what this labeler put aside; whether there was anything. */
  boolean unskip(String holder) {
    return skipped.remove(holder) != null;
  }

  /** Brings back one that this labeler put aside: they look at it and at no other. */
  void unskip(String queryId, String holder) {
    skipped.getOrDefault(holder, new HashSet<>()).remove(queryId);
    takeOnly(queryId, holder);
  }

  /** Lets this labeler look at this message and at no other. */
  void takeOnly(String queryId, String holder) {
    leases.heldBy(holder).forEach(id -> leases.release(id, holder));
    leases.take(queryId, holder);
  }

  void release(String queryId, String holder) {
    leases.release(queryId, holder);
  }

  /** Ends all leases of a message that needs nobody any more. */
  void end(String queryId) {
    leases.end(queryId);
  }
}
