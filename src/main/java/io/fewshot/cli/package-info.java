/**
 * The commands of {@code ./fewshot}, and nothing else: each parses its options, calls the packages
 * below and prints.
 */
@NullMarked
package io.fewshot.cli;

import org.jspecify.annotations.NullMarked;
