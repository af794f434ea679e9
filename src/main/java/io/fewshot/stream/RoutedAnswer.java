package io.fewshot.stream;

import io.fewshot.event.Result;
import java.util.Optional;
import org.apache.kafka.streams.processor.api.Record;

/**
 * An answer as records that are ready to be sent.
 *
 * @param dryRun whether nobody learns from it
 * @param request to people; empty when they are not asked
 * @param seen for later corrections; empty for a dry run
 */
record RoutedAnswer(
    Result result,
    boolean dryRun,
    Record<byte[], byte[]> resultRecord,
    Optional<Record<byte[], byte[]>> request,
    Optional<Record<byte[], byte[]>> seen) {}
