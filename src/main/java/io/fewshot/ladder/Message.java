package io.fewshot.ladder;

import io.fewshot.prompt.TaskDefinition;

/** A message to be answered. */
public record Message(TaskDefinition task, String text) {}
