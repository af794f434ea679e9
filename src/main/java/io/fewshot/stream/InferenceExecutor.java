package io.fewshot.stream;

/** Where batches for the language model are computed. */
@FunctionalInterface
interface InferenceExecutor {

  /** On the calling thread, for tests that step through a topology. */
  InferenceExecutor DIRECT = (task, work) -> work.run();

  /**
   * Runs the work, now or later; it reports its own failures.
   *
   * @param task by which turns are taken
   */
  void execute(String task, Runnable work);
}
