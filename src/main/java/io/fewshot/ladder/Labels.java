package io.fewshot.ladder;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The labels that may be the answer to a message.
 *
 * @param names in the order of the definition, or in alphabetical order
 * @param vectors embeddings of name and description, one for each; null when there are too many
 *     labels for their names to mean much
 */
record Labels(List<String> names, @Nullable List<float[]> vectors) {}
