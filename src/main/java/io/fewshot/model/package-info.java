/** Language models: their files, tokenizer, program, scoring and generation. */
@NullMarked
package io.fewshot.model;

import org.jspecify.annotations.NullMarked;
