package io.fewshot.stream;

import java.time.Duration;

/**
 * What can be set about the two applications; {@link #standard} has the defaults.
 *
 * @param maxBatch messages answered in one go, at most
 * @param fastTarget how long a batch of the fast rungs should take at most, on its stream thread;
 *     the batch's size follows it
 * @param modelTarget the same for a batch of the language model, beside the stream threads
 * @param threadBudget how long a stream thread may answer before it commits: what bounds its
 *     transactions
 * @param drainEvery how often a batch that is not full is answered
 * @param unknownTaskWait how long a message waits for its task's definition
 * @param modelWait how long messages wait for a language model that cannot be had
 * @param loadingWait how long they wait for one that is still loading
 * @param unknownQueryWait how long a correction without text waits for its message
 */
public record StreamSettings(
    int maxBatch,
    Duration fastTarget,
    Duration modelTarget,
    Duration threadBudget,
    Duration drainEvery,
    Duration unknownTaskWait,
    Duration modelWait,
    Duration loadingWait,
    Duration unknownQueryWait) {

  public static StreamSettings standard() {
    return new StreamSettings(
        64,
        Duration.ofMillis(250),
        Duration.ofSeconds(3),
        Duration.ofMillis(1500),
        Duration.ofMillis(20),
        Duration.ofSeconds(5),
        Duration.ofSeconds(60),
        Duration.ofMinutes(10),
        Duration.ofSeconds(60));
  }
}
