package io.fewshot.labeling;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fewshot.event.ActiveRelease;
import io.fewshot.event.Candidate;
import io.fewshot.event.ModelRelease;
import io.fewshot.event.Result;
import io.fewshot.event.Topics;
import io.fewshot.ladder.Proof;
import io.fewshot.prompt.Kind;
import io.fewshot.prompt.TaskDefinition;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the page is told, as JSON with the topics' own field names. */
final class Shown {

  /** As many choices as there are keys. */
  private static final int CHOICES = 9;

  private static final int FOUND = 30;

  private static final ObjectMapper JSON = new ObjectMapper();

  private final LabelingView view;

  Shown(LabelingView view) {
    this.view = view;
  }

  static ObjectNode object() {
    return JSON.createObjectNode();
  }

  /** All tasks, each with what waits. */
  ArrayNode tasks() {
    ArrayNode tasks = JSON.createArrayNode();
    for (String name : view.tasks()) {
      ObjectNode task = tasks.addObject();
      task.put("task", name);
      task.put("waiting", view.waiting(name));
      TaskDefinition definition = view.definition(name).orElse(null);
      Kind kind = definition == null ? Kind.CLASSIFY : definition.kind();
      task.put("kind", kind.name().toLowerCase(Locale.ROOT));
      task.put("instruction", definition == null ? "" : definition.instruction());
      task.put("fixed_labels", definition != null && !definition.labels().isEmpty());
    }
    return tasks;
  }

  /** A message to be answered. */
  ObjectNode message(OpenRequest request, List<ExampleBook.Shown> evidence) {
    ObjectNode message = object();
    message.put("query_id", request.queryId());
    message.put("task", request.task());
    message.put("text", request.text());
    message.put("confidence", request.confidence());
    message.put("reason", request.reason().name());
    message.put("created_at", request.createdAt().toEpochMilli());
    message.put("answers", view.votes(request.queryId()).size());
    message.put("agreement", view.agreement(request.task()));
    ArrayNode choices = message.putArray("choices");
    Set<String> shown = new LinkedHashSet<>();
    for (Candidate candidate : request.candidates()) {
      if (shown.size() < CHOICES && shown.add(candidate.getOutput())) {
        choice(choices.addObject(), request.task(), candidate.getOutput())
            .put("probability", candidate.getProbability());
      }
    }
    for (Map.Entry<String, Integer> label : labels(request.task()).entrySet()) {
      if (shown.size() < CHOICES && shown.add(label.getKey())) {
        choice(choices.addObject(), request.task(), label.getKey());
      }
    }
    message.set("examples", examples(evidence));
    return message;
  }

  /** The labels of a task that match what was typed, those that begin with it first. */
  ArrayNode labels(String task, String typed) {
    String wanted = simple(typed);
    ArrayNode found = JSON.createArrayNode();
    labels(task).entrySet().stream()
        .filter(
            label ->
                simple(label.getKey()).contains(wanted)
                    || simple(description(task, label.getKey())).contains(wanted))
        .sorted(
            Comparator.comparing(
                    (Map.Entry<String, Integer> label) ->
                        !simple(label.getKey()).startsWith(wanted))
                .thenComparing(label -> !simple(label.getKey()).contains(wanted)))
        .limit(FOUND)
        .forEach(
            label ->
                choice(found.addObject(), task, label.getKey()).put("examples", label.getValue()));
    return found;
  }

  private static String simple(String label) {
    return label.toLowerCase(Locale.ROOT).replace('_', ' ').replace('-', ' ').strip();
  }

  /** All labels: those of the definition in its order, then those of the examples. */
  private Map<String, Integer> labels(String task) {
    TaskDefinition definition = view.definition(task).orElse(null);
    if (definition != null && definition.kind() != Kind.CLASSIFY) {
      return Map.of();
    }
    Map<String, Integer> counts = view.reading(() -> view.examples().outputs(task));
    Map<String, Integer> all = new java.util.LinkedHashMap<>();
    if (definition != null && !definition.labels().isEmpty()) {
      definition.labels().keySet().forEach(label -> all.put(label, counts.getOrDefault(label, 0)));
    } else {
      all.putAll(counts);
    }
    return all;
  }

  private String description(String task, String label) {
    return view.definition(task)
        .map(definition -> definition.labels().getOrDefault(label, ""))
        .orElse("");
  }

  private ObjectNode choice(ObjectNode choice, String task, String output) {
    return choice.put("output", output).put("description", description(task, output));
  }

  static ArrayNode examples(List<ExampleBook.Shown> examples) {
    ArrayNode all = JSON.createArrayNode();
    for (ExampleBook.Shown example : examples) {
      all.addObject()
          .put("example_id", example.id())
          .put("input", example.input())
          .put("output", example.output())
          .put("labeler", example.labeler());
    }
    return all;
  }

  static ArrayNode alike(List<Labeling.Alike> alike) {
    ArrayNode all = JSON.createArrayNode();
    for (Labeling.Alike each : alike) {
      all.addObject()
          .put("query_id", each.request().queryId())
          .put("text", each.request().text())
          .put("similarity", each.similarity());
    }
    return all;
  }

  static ArrayNode contradictions(List<Labeling.Contradiction> contradictions) {
    return examples(contradictions.stream().map(Labeling.Contradiction::example).toList());
  }

  /** What people answered, the latest first. */
  ArrayNode labeled(String task, int limit) {
    ArrayNode all = JSON.createArrayNode();
    for (Labeled labeled : view.labeled(task, limit)) {
      ObjectNode each = all.addObject();
      each.put("query_id", labeled.queryId());
      each.put("text", labeled.text());
      each.put("output", output(labeled));
      each.put("labeler", labeled.last().labeler());
      each.put("created_at", labeled.at().toEpochMilli());
      each.put("state", labeled.state().name());
      FirstResult first = labeled.first();
      each.put("first_output", first == null ? null : first.output());
      each.put("confirmed", first != null && first.isRight(output(labeled)));
      ArrayNode votes = each.putArray("votes");
      labeled
          .votes()
          .forEach(
              vote ->
                  votes.addObject().put("labeler", vote.labeler()).put("output", vote.output()));
    }
    return all;
  }

  /** What counts for a message now: its label may have been renamed since it was given. */
  private String output(Labeled labeled) {
    String key = Topics.exampleKey(labeled.task(), Topics.correctedExampleId(labeled.queryId()));
    return labeled.state() != Ballot.State.AGREED
        ? labeled.last().output()
        : view.reading(() -> view.examples().get(key))
            .map(ExampleBook.Shown::output)
            .orElse(labeled.last().output());
  }

  /** A result of a message that was tried. */
  ObjectNode tried(DryRuns.Tried done) {
    Result result = done.result();
    ObjectNode tried = object();
    tried.put("output", result.getOutput());
    tried.put("status", result.getStatus().name());
    tried.put("confidence", result.getConfidence());
    tried.put("rung", result.getRung());
    tried.put("model_version", result.getModelVersion());
    tried.put("prompt_tokens", result.getPromptTokens());
    tried.put("prompt", done.prompt());
    tried.put("truncated", result.getTruncated());
    tried.put("latency_ms", result.getLatencyMs());
    ArrayNode candidates = tried.putArray("candidates");
    for (Candidate candidate : result.getCandidates()) {
      candidates
          .addObject()
          .put("output", candidate.getOutput())
          .put("probability", candidate.getProbability());
    }
    tried.set("examples", examples(view.evidence(result.getTask(), result.getExampleIds())));
    return tried;
  }

  /** The state of a task. */
  ObjectNode panel(String task) {
    TaskPanel panel = TaskPanel.of(view.firstResults(task), view.labeled(task, Integer.MAX_VALUE));
    ObjectNode shown = object();
    shown.put("task", task);
    shown.put("waiting", view.waiting(task));
    shown.put("results", panel.results());
    shown.put("accepted_share", panel.acceptedShare());
    shown.put("labels", panel.labels());
    shown.put("accuracy", panel.all());
    shown.set("accepted_accuracy", estimate(panel.accepted()));
    shown.set("review_accuracy", estimate(panel.review()));
    shown.set("rungs", JSON.valueToTree(panel.rungs()));
    shown.set("reliability", JSON.valueToTree(panel.reliability()));
    shown.set("learning", JSON.valueToTree(panel.learning()));
    view.definition(task).ifPresent(definition -> promise(shown, definition));
    view.definition(task).flatMap(view::proof).ifPresent(proof -> proof(shown, proof));
    shown.set("releases", releases(task));
    shown.set("labels_in_use", labels(task, ""));
    return shown;
  }

  private static com.fasterxml.jackson.databind.JsonNode estimate(
      TaskPanel.@Nullable Estimate estimate) {
    return JSON.valueToTree(estimate);
  }

  private static void promise(ObjectNode shown, TaskDefinition definition) {
    ObjectNode promise = shown.putObject("promise");
    if (definition.promise() instanceof io.fewshot.prompt.Promise.Accuracy accuracy) {
      promise.put("accuracy", accuracy.value());
    } else if (definition.promise() instanceof io.fewshot.prompt.Promise.Share share) {
      promise.put("share", share.value());
    } else if (definition.promise() instanceof io.fewshot.prompt.Promise.CostMs cost) {
      promise.put("cost_ms", cost.value());
    } else if (definition.promise() instanceof io.fewshot.prompt.Promise.Confidence confidence) {
      promise.put("confidence", confidence.value());
    }
    shown.put("audit", definition.audit());
  }

  private static void proof(ObjectNode shown, Proof proof) {
    ObjectNode object = shown.putObject("proof");
    object.put("proven", proof.isProven());
    object.put("at_least", proof.atLeast());
    object.put("audits", proof.audits());
    object.put("right", proof.right());
    object.put("from_confidence", proof.isProven() ? proof.proven() : proof.provisional());
  }

  private ArrayNode releases(String task) {
    ArrayNode all = JSON.createArrayNode();
    List<ActiveRelease> active = view.active(task);
    for (ModelRelease release : view.releases(task)) {
      ObjectNode each = all.addObject();
      each.put("method", release.getMethod().name());
      each.put("version", release.getVersion());
      each.put("base_model", release.getBaseModel());
      each.set("metrics", JSON.valueToTree(release.getMetrics()));
      each.put(
          "created_at",
          release.getCreatedAt() == null ? null : release.getCreatedAt().toEpochMilli());
      each.put(
          "active",
          active.stream()
              .anyMatch(
                  serving ->
                      serving.getMethod() == release.getMethod()
                          && serving.getVersion().equals(release.getVersion())));
    }
    return all;
  }
}
