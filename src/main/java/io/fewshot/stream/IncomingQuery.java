package io.fewshot.stream;

import io.fewshot.event.Query;
import org.jspecify.annotations.Nullable;

/**
 * A query's record and, once the registry could be asked, what it says.
 *
 * @param query null while the registry is out of reach
 */
record IncomingQuery(RawRecord raw, @Nullable Query query) {}
