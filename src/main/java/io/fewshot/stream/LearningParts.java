package io.fewshot.stream;

import io.fewshot.memory.ExampleMemory;
import java.util.concurrent.Executor;

/**
 * What the partitions of one process share when they learn. Belongs to who makes it; outlives the
 * topologies that are built with it.
 *
 * @param encoder that waits out what is no text's fault
 * @param bulk where the vectors of imports are computed
 * @param memory of examples, whose vectors the splits are decided by
 * @param tasks filled by the topology
 * @param examples budget of what waits to be encoded
 * @param corrections budget of corrections and task definitions that wait: one of their own, so
 *     that an import takes no correction's room
 * @param faults of the system that examples wait out
 */
record LearningParts(
    PatientEncoder encoder,
    BulkEncoder bulk,
    ExampleMemory memory,
    TaskCatalogue tasks,
    BufferBudget examples,
    BufferBudget corrections,
    SystemFaults faults) {

  /**
   * @param computing where the vectors of imports are computed
   */
  static LearningParts of(
      TextEncoder encoder, Executor computing, ExampleMemory memory, TaskCatalogue tasks) {
    PatientEncoder patient = new PatientEncoder(encoder);
    return new LearningParts(
        patient,
        new BulkEncoder(patient, computing),
        memory,
        tasks,
        BufferBudget.ofHeap(2),
        BufferBudget.ofHeap(2),
        new SystemFaults("Examples"));
  }
}
