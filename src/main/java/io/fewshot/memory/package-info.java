/**
 * The example memory: encoders, the index over the examples, and the choice of examples for a
 * message.
 */
@NullMarked
package io.fewshot.memory;

import org.jspecify.annotations.NullMarked;
