package io.fewshot.prompt;

/** What a task asks for. */
public enum Kind {
  /** One of a closed set of labels. */
  CLASSIFY,
  /** JSON taken from the message. */
  EXTRACT,
  /** Free text. */
  GENERATE
}
