/**
 * The rungs that can answer a message, how their opinions are fused and calibrated, and when an
 * answer is good enough to leave the ladder.
 */
@NullMarked
package io.fewshot.ladder;

import org.jspecify.annotations.NullMarked;
