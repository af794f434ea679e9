/**
 * A Kafka broker inside the process and a schema registry beside it, for the demo, {@code up}, the
 * simulation and the tests.
 */
@NullMarked
package io.fewshot.embedded;

import org.jspecify.annotations.NullMarked;
