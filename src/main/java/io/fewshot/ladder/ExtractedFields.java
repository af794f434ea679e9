package io.fewshot.ladder;

import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/** Checks what people say the output of an {@code extract} task is. */
public final class ExtractedFields {

  private ExtractedFields() {}

  /**
   * What keeps a text from being an output; empty when it can be one.
   *
   * @param known outputs of the task, whose fields it must have; without any, every object can be
   *     one
   */
  public static Optional<String> problem(String output, Collection<String> known) {
    Optional<Set<String>> fields = Json.fields(output);
    if (fields.isEmpty()) {
      return Optional.of("an output of this task is a JSON object, as {\"name\": \"value\"}");
    }
    Set<String> all = new LinkedHashSet<>();
    Set<String> always = new LinkedHashSet<>();
    boolean first = true;
    for (String each : known) {
      Optional<Set<String>> has = Json.fields(each);
      if (has.isPresent()) {
        all.addAll(has.get());
        if (first) {
          always.addAll(has.get());
        } else {
          always.retainAll(has.get());
        }
        first = false;
      }
    }
    if (first) {
      return Optional.empty();
    }
    Set<String> strange = new LinkedHashSet<>(fields.get());
    strange.removeAll(all);
    if (!strange.isEmpty()) {
      return Optional.of(
          "no example has the field %s; they have %s"
              .formatted(strange.iterator().next(), String.join(", ", all)));
    }
    always.removeAll(fields.get());
    return always.isEmpty()
        ? Optional.empty()
        : Optional.of("the field %s is missing".formatted(always.iterator().next()));
  }
}
