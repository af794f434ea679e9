package io.fewshot.labeling;

import io.fewshot.event.Correction;
import io.fewshot.event.Reason;
import io.fewshot.event.internal.CorrectionOutcome;
import io.fewshot.event.internal.Decision;
import io.fewshot.ladder.ExtractedFields;
import io.fewshot.prompt.Kind;
import io.fewshot.prompt.LabelText;
import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.RecordMetadata;

/**
 * What labelers do: take a message, answer it or several alike, put it aside, take an answer back.
 * Safe for use by several threads.
 */
final class Labeling {

  private static final int COMPARED = 200;
  private static final int ALIKE = 12;
  private static final int EVIDENCE = 5;
  private static final int OUTPUT_CHARS = 20_000;

  private final LabelingView view;
  private final Publisher publisher;
  private final Similarity similarity;
  private final TopicFollower follower;
  private final Decisions decisions;
  private final Agreement agreement;

  /** Who labels: the session that holds messages, and the name that answers carry. */
  record Labeler(String session, String name, Role role) {}

  /** A waiting message that is like another one, and how much, in [0, 1]. */
  record Alike(OpenRequest request, double similarity) {}

  /** An example that says almost the same and has another output. */
  record Contradiction(ExampleBook.Shown example, double similarity) {}

  /**
   * What became of answers.
   *
   * @param answered the ids of those that were taken
   * @param refused why learning refused others, by their ids
   * @param contradicted what others contradict, by their ids
   * @param decided whether learning has decided on all of them; it may be away, and decides later
   */
  record Taken(
      List<String> answered,
      Map<String, String> refused,
      Map<String, List<Contradiction>> contradicted,
      boolean decided) {}

  /**
   * What became of one answer.
   *
   * @param contradictions for which it was not taken
   * @param decided see {@link Taken}
   */
  record Answered(List<Contradiction> contradictions, boolean decided) {}

  Labeling(
      LabelingView view,
      Publisher publisher,
      Similarity similarity,
      TopicFollower follower,
      Decisions decisions) {
    this.follower = follower;
    this.decisions = decisions;
    this.view = view;
    this.publisher = publisher;
    this.similarity = similarity;
    this.agreement = new Agreement(view, publisher, follower);
  }

  /** The message to answer next; what was put aside comes back when there is no other. */
  Optional<OpenRequest> next(String task, Labeler labeler) {
    agreement.publishDue();
    return view.handingOut(
        handout -> {
          Optional<OpenRequest> next = handout.next(task, labeler.session(), labeler.name());
          return next.isEmpty() && handout.unskip(labeler.session())
              ? handout.next(task, labeler.session(), labeler.name())
              : next;
        });
  }

  /** The nearest examples of the message. */
  List<ExampleBook.Shown> evidence(OpenRequest request) {
    return view.evidence(request.task(), request.exampleIds()).stream().limit(EVIDENCE).toList();
  }

  /** Other waiting messages that are likely to have the same answer, the nearest first. */
  List<Alike> alike(String task, String queryId, Labeler labeler) {
    OpenRequest request = open(task, queryId);
    List<OpenRequest> others =
        inGroup(task, labeler).stream()
            .filter(other -> !other.queryId().equals(queryId))
            .sorted(Comparator.comparing(OpenRequest::createdAt).reversed())
            .limit(COMPARED)
            .toList();
    double[] near = similarity.to(request.text(), others.stream().map(OpenRequest::text).toList());
    List<Alike> alike = new ArrayList<>();
    for (int i = 0; i < near.length; i++) {
      if (near[i] >= Similarity.ALIKE) {
        alike.add(new Alike(others.get(i), near[i]));
      }
    }
    alike.sort(Comparator.comparingDouble(Alike::similarity).reversed());
    return alike.size() <= ALIKE ? alike : List.copyOf(alike.subList(0, ALIKE));
  }

  /**
   * Answers a message, unless the answer contradicts examples that say almost the same.
   *
   * @param sure whether to answer in spite of contradictions
   * @throws WebException when the message does not wait any more, the answer cannot be one, or
   *     learning refuses it
   */
  Answered answer(String task, String queryId, String written, boolean sure, Labeler labeler) {
    OpenRequest request = open(task, queryId);
    String output = checked(task, written);
    if (!sure) {
      List<Contradiction> contradictions = contradictions(request, output);
      if (!contradictions.isEmpty()) {
        return new Answered(contradictions, true);
      }
    }
    Taken taken = publish(task, List.of(request), output, labeler);
    requireTaken(taken);
    return new Answered(List.of(), taken.decided());
  }

  /**
   * Gives several messages the same answer; those that do not wait any more are left out, and those
   * that it contradicts.
   *
   * @param sure whether to answer in spite of contradictions
   */
  Taken answerAll(
      String task, List<String> queryIds, String written, boolean sure, Labeler labeler) {
    String output = checked(task, written);
    Set<String> free =
        inGroup(task, labeler).stream()
            .map(OpenRequest::queryId)
            .collect(java.util.stream.Collectors.toSet());
    List<OpenRequest> requests =
        queryIds.stream()
            .distinct()
            .filter(free::contains)
            .flatMap(id -> view.open(task, id).stream())
            .toList();
    Map<String, List<Contradiction>> contradicted = new LinkedHashMap<>();
    if (!sure) {
      for (OpenRequest each : requests) {
        List<Contradiction> found = contradictions(each, output);
        if (!found.isEmpty()) {
          contradicted.put(each.queryId(), found);
        }
      }
    }
    Taken taken =
        publish(
            task,
            requests.stream().filter(each -> !contradicted.containsKey(each.queryId())).toList(),
            output,
            labeler);
    return new Taken(taken.answered(), taken.refused(), contradicted, taken.decided());
  }

  /**
   * Messages that may get the answer of another one: what is written is of one message alone, and
   * an audit is worth something only if somebody looks at it.
   */
  private List<OpenRequest> inGroup(String task, Labeler labeler) {
    boolean choice = view.definition(task).map(each -> each.kind() == Kind.CLASSIFY).orElse(true);
    return choice
        ? free(task, labeler).stream().filter(each -> each.reason() != Reason.AUDIT).toList()
        : List.of();
  }

  /** Messages that this labeler could answer. */
  private List<OpenRequest> free(String task, Labeler labeler) {
    return view.handingOut(handout -> handout.free(task, labeler.session(), labeler.name()));
  }

  private Taken publish(String task, List<OpenRequest> requests, String output, Labeler labeler) {
    Taken taken;
    if (view.agreement(task) == 1) {
      taken =
          correct(
              requests.stream()
                  .map(
                      each ->
                          Publisher.correction(
                              each.queryId(),
                              each.task(),
                              each.text(),
                              new Ballot.Vote(labeler.name(), output, Publisher.now())))
                  .toList());
    } else {
      agreement.vote(requests, output, labeler.name());
      taken =
          new Taken(requests.stream().map(OpenRequest::queryId).toList(), Map.of(), Map.of(), true);
    }
    view.handOut(handout -> taken.answered().forEach(id -> handout.release(id, labeler.session())));
    return taken;
  }

  /** Writes corrections, and waits a moment for what learning decides. */
  private Taken correct(List<Correction> corrections) {
    List<RecordMetadata> written = publisher.correct(corrections);
    follower.awaitRead(written);
    List<CorrectionOutcome> decided = decisions.await(written);
    Map<Decisions.Place, String> ids = new HashMap<>();
    for (int i = 0; i < written.size(); i++) {
      RecordMetadata at = written.get(i);
      ids.put(new Decisions.Place(at.partition(), at.offset()), corrections.get(i).getQueryId());
    }
    Map<String, String> refused = new LinkedHashMap<>();
    for (CorrectionOutcome each : decided) {
      String id = ids.get(new Decisions.Place(each.getPartition(), each.getOffset()));
      if (id != null && each.getDecision() == Decision.REFUSED) {
        refused.put(id, each.getMessage());
      }
    }
    return new Taken(
        corrections.stream()
            .map(Correction::getQueryId)
            .filter(id -> !refused.containsKey(id))
            .toList(),
        refused,
        Map.of(),
        decided.size() == corrections.size());
  }

  private static void requireTaken(Taken taken) {
    taken.refused().values().stream()
        .findFirst()
        .ifPresent(
            why -> {
              throw new WebException(422, "refused", "this answer was refused: " + why);
            });
  }

  /** Ends a disputed vote. */
  void settle(String queryId, String written, Labeler labeler) {
    Labeled labeled =
        view.labeledMessage(queryId).orElseThrow(() -> gone("this message was not answered"));
    String output = checked(labeled.task(), written);
    requireTaken(
        correct(
            List.of(
                Publisher.correction(
                    queryId,
                    labeled.task(),
                    labeled.text(),
                    new Ballot.Vote(labeler.name(), output, Publisher.now())))));
  }

  void skip(String queryId, Labeler labeler) {
    view.handOut(handout -> handout.skip(queryId, labeler.session()));
  }

  /** Brings back what was put aside; it comes next, if it still waits. */
  void unskip(String queryId, Labeler labeler) {
    view.handOut(handout -> handout.unskip(queryId, labeler.session()));
  }

  /** Takes back what was said about a message, and all that it taught; it comes next again. */
  void undo(String queryId, Labeler labeler) {
    Collection<Ballot.Vote> said = view.said(queryId);
    if (said.isEmpty()) {
      throw gone("there is no answer to take back");
    }
    boolean own = said.stream().allMatch(each -> each.labeler().equals(labeler.name()));
    if (!own && labeler.role() != Role.OWNER) {
      throw new WebException(403, "owner", "only an owner undoes what others labeled");
    }
    // The votes first: those that agree without a correction would bring it back.
    if (!view.votes(queryId).isEmpty()) {
      follower.awaitRead(publisher.withdrawVotes(queryId));
    }
    if (view.isCorrected(queryId)) {
      follower.awaitRead(publisher.undo(queryId));
    }
    view.handOut(handout -> handout.takeOnly(queryId, labeler.session()));
  }

  /** Examples that say almost the same as the message and have another output. */
  List<Contradiction> contradictions(OpenRequest request, String output) {
    // What this very message taught before, under the id that the learning application gives it.
    Set<String> own = Set.of(request.queryId(), "query:" + request.queryId());
    List<ExampleBook.Shown> near =
        Stream.concat(
                view
                    .reading(() -> view.examples().sameText(request.task(), request.text()))
                    .stream(),
                view.evidence(request.task(), request.exampleIds()).stream())
            .distinct()
            .filter(example -> !example.output().strip().equals(output.strip()))
            .filter(example -> !own.contains(example.id()))
            .toList();
    if (near.isEmpty() || view.definition(request.task()).map(Labeling::isFree).orElse(false)) {
      return List.of();
    }
    double[] similarities =
        similarity.to(request.text(), near.stream().map(ExampleBook.Shown::input).toList());
    List<Contradiction> found = new ArrayList<>();
    for (int i = 0; i < similarities.length; i++) {
      if (similarities[i] >= Similarity.SAME) {
        found.add(new Contradiction(near.get(i), similarities[i]));
      }
    }
    return found;
  }

  /** Two free texts may differ and both be right. */
  private static boolean isFree(TaskDefinition task) {
    return task.kind() == Kind.GENERATE;
  }

  private OpenRequest open(String task, String queryId) {
    return view.open(task, queryId).orElseThrow(() -> gone("this message does not wait any more"));
  }

  private static WebException gone(String message) {
    return new WebException(409, "gone", message);
  }

  /** An answer in the one form of a label, when it can be one. */
  private String checked(String task, String written) {
    String output = LabelText.of(written);
    if (output.isBlank() || output.length() > OUTPUT_CHARS) {
      throw new WebException(400, "output", "an answer has 1 to " + OUTPUT_CHARS + " characters");
    }
    Set<String> labels =
        view.definition(task).map(definition -> definition.labels().keySet()).orElse(Set.of());
    if (!labels.isEmpty() && !labels.contains(output)) {
      throw new WebException(
          400, "label", "the task's definition does not have the label " + output);
    }
    if (view.definition(task).filter(each -> each.kind() == Kind.EXTRACT).isPresent()) {
      ExtractedFields.problem(output, view.reading(() -> view.examples().outputs(task)).keySet())
          .ifPresent(
              problem -> {
                throw new WebException(400, "fields", problem);
              });
    }
    return output;
  }
}
