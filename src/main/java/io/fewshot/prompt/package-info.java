/** Task definitions, prompt templates and the token budget. */
@NullMarked
package io.fewshot.prompt;

import org.jspecify.annotations.NullMarked;
