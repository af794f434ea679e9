package io.fewshot.stream;

import io.fewshot.ladder.Answerer;
import io.fewshot.ladder.AuditBook;
import io.fewshot.memory.ExampleMemory;
import java.util.function.LongSupplier;

/**
 * What the partitions of one process share when they answer. Belongs to who makes it; outlives the
 * topologies that are built with it.
 *
 * @param memory filled by the topology, read by the answerer
 * @param tasks filled by the topology
 * @param audits filled by the topology, read by the answerer
 * @param executor where the language model is waited for
 * @param budget of the buffers
 * @param threads how long each stream thread may answer before it commits
 * @param activity of tasks
 * @param fastSizes of batches for the fast rungs
 * @param modelSizes of batches for the language model
 * @param outages of language models
 * @param faults of the system that messages wait out
 */
record AnsweringParts(
    Answerer answerer,
    ExampleMemory memory,
    TaskCatalogue tasks,
    AuditBook audits,
    InferenceExecutor executor,
    BufferBudget budget,
    ThreadBudgets threads,
    TaskActivity activity,
    BatchSizers fastSizes,
    BatchSizers modelSizes,
    ModelOutages outages,
    SystemFaults faults) {

  static AnsweringParts of(
      Answerer answerer,
      ExampleMemory memory,
      TaskCatalogue tasks,
      AuditBook audits,
      InferenceExecutor executor,
      StreamSettings settings) {
    return new AnsweringParts(
        answerer,
        memory,
        tasks,
        audits,
        executor,
        BufferBudget.ofHeap(),
        new ThreadBudgets(settings.threadBudget().toNanos(), System::nanoTime),
        new TaskActivity(),
        new BatchSizers(settings.maxBatch(), settings.fastTarget().toMillis()),
        new BatchSizers(settings.maxBatch(), settings.modelTarget().toMillis()),
        new ModelOutages(settings.modelWait(), settings.loadingWait()),
        new SystemFaults("Messages"));
  }

  /** The same with another clock for the threads' budgets, as {@link System#nanoTime}. */
  AnsweringParts withClock(StreamSettings settings, LongSupplier clock) {
    return new AnsweringParts(
        answerer,
        memory,
        tasks,
        audits,
        executor,
        budget,
        new ThreadBudgets(settings.threadBudget().toNanos(), clock),
        activity,
        fastSizes,
        modelSizes,
        outages,
        faults);
  }
}
