package io.fewshot.cli;

import org.jspecify.annotations.Nullable;

/**
 * One message of an input file.
 *
 * @param line where it begins, counted from 1
 * @param label under the name {@code label}, {@code output} or {@code category}
 */
record Row(
    long line,
    String text,
    @Nullable String label,
    @Nullable String queryId,
    @Nullable String key,
    @Nullable String exampleId) {}
