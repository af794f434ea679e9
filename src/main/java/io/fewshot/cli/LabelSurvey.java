package io.fewshot.cli;

import static java.util.stream.Collectors.joining;

import io.fewshot.prompt.Kind;
import io.fewshot.prompt.LabelText;
import io.fewshot.prompt.TaskDefinition;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The labels of a file, and what is odd about them. For one thread. */
final class LabelSurvey {

  /** More than these are no labels but texts that were written. */
  private static final int MAX_LABELS = 10_000;

  /** Named in one message. */
  private static final int MAX_NAMED = 8;

  private final Map<String, Seen> labels = new LinkedHashMap<>();

  /** How many rows have a label, and the line of the first. */
  private record Seen(int rows, long line) {}

  /** Takes a row's label, if it has one. */
  void add(Row row) {
    String label = row.label();
    if (label != null && (labels.size() < MAX_LABELS || labels.containsKey(label))) {
      labels.merge(label, new Seen(1, row.line()), (a, b) -> new Seen(a.rows() + 1, a.line()));
    }
  }

  /** All of them, in the order of the file. */
  Set<String> labels() {
    return labels.keySet();
  }

  /** How many rows have one of these labels. */
  int rows(Collection<String> some) {
    return labels.entrySet().stream()
        .filter(each -> some.contains(each.getKey()))
        .mapToInt(each -> each.getValue().rows())
        .sum();
  }

  /** Those that are not known. */
  List<String> unknown(Collection<String> known) {
    return labels.keySet().stream().filter(each -> !known.contains(each)).toList();
  }

  /** A line for each group of labels that differ by case, spaces or form only. */
  List<String> alike() {
    return LabelText.alike(labels.keySet()).stream()
        .map(
            group ->
                group.stream().map(each -> quote(each) + count(each)).collect(joining(" and "))
                    + " differ by case, spaces or form only, but are different labels: write one")
        .toList();
  }

  private String count(String label) {
    Seen seen = labels.get(label);
    int rows = seen == null ? 0 : seen.rows();
    return rows == 1 ? " (1 row)" : " (" + rows + " rows)";
  }

  /**
   * Names labels that are not known, with where they are and what they may mean.
   *
   * @param some of those of the file
   */
  String named(Collection<String> some, Collection<String> known) {
    List<String> named = new ArrayList<>();
    for (String label : some) {
      Seen seen = labels.get(label);
      if (named.size() == MAX_NAMED || seen == null) {
        break;
      }
      String where =
          seen.rows() == 1
              ? "line " + seen.line()
              : "%d rows from line %d on".formatted(seen.rows(), seen.line());
      named.add(quote(label) + " (" + where + meant(label, known) + ")");
    }
    int more = some.size() - named.size();
    return String.join(", ", named) + (more > 0 ? " and " + more + " more" : "");
  }

  private static String meant(String label, Collection<String> known) {
    return LabelText.alike(label, known).map(each -> "; is " + quote(each) + " meant?").orElse("");
  }

  /** A label as shown in a message. */
  static String quote(String label) {
    return "'" + Style.brief(label, 60) + "'";
  }

  /** Whether the task declares which labels there are. */
  static boolean isFixed(TaskDefinition task) {
    return task.kind() == Kind.CLASSIFY && !task.labels().isEmpty();
  }

  /** Why a task that declares its labels does not take this one; empty when it does. */
  static Optional<String> problem(TaskDefinition task, String label) {
    Set<String> known = task.labels().keySet();
    if (!isFixed(task) || known.contains(label)) {
      return Optional.empty();
    }
    String advice =
        LabelText.alike(label, known)
            .map(each -> "is " + quote(each) + " meant?")
            .orElseGet(() -> "its labels are " + some(known));
    return Optional.of(
        "the task %s has no label %s: %s".formatted(task.task(), quote(label), advice));
  }

  private static String some(Collection<String> known) {
    String first = known.stream().limit(MAX_NAMED).map(LabelSurvey::quote).collect(joining(", "));
    return known.size() > MAX_NAMED
        ? first + " and " + (known.size() - MAX_NAMED) + " more"
        : first;
  }
}
