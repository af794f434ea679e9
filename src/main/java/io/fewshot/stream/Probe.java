package io.fewshot.stream;

/**
 * A message that every task can be asked about: when it cannot be answered, the system is at fault.
 */
final class Probe {

  static final String TEXT = "Hello, could you help me please?";

  private Probe() {}
}
