/** From the data set to a release: triggers, trainers, the gate. */
@NullMarked
package io.fewshot.training;

import org.jspecify.annotations.NullMarked;
