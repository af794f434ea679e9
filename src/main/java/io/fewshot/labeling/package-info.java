/** The web page on which people label, and its API. */
@NullMarked
package io.fewshot.labeling;

import org.jspecify.annotations.NullMarked;
