package io.fewshot.ladder;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The labels that may be the answer to a message.
 *
 * @param names in the order of the definition, or in alphabetical order
 * @param set the same, to look them up
 * @param vectors embeddings of name and description, one for each; null when there are too many
 *     labels for their names to mean much
 */
record Labels(List<String> names, Set<String> set, @Nullable List<float[]> vectors) {

  Labels(List<String> names, @Nullable List<float[]> vectors) {
    this(names, Set.copyOf(names), vectors);
  }
}
