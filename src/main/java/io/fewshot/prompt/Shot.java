package io.fewshot.prompt;

/** An example as it stands in a prompt. */
public record Shot(String id, String input, String output) {}
