package io.fewshot.stream;

import java.time.Duration;

/**
 * What can be set about the two applications; {@link #standard} has the defaults.
 *
 * @param maxBatch messages answered in one go, at most
 * @param batchTarget how long a batch should take at most; the batch's size follows it
 * @param longestBatch how long a batch may take at the very worst: transaction timeout and poll
 *     interval are derived from it
 * @param drainEvery how often a batch that is not full is answered
 * @param unknownTaskWait how long a message waits for its task's definition
 * @param unknownQueryWait how long a correction without text waits for its message
 * @param answeringThreads stream threads of the answering application
 * @param learningThreads stream threads of the learning application
 */
public record StreamSettings(
    int maxBatch,
    Duration batchTarget,
    Duration longestBatch,
    Duration drainEvery,
    Duration unknownTaskWait,
    Duration unknownQueryWait,
    int answeringThreads,
    int learningThreads) {

  public static StreamSettings standard() {
    return new StreamSettings(
        64,
        Duration.ofSeconds(3),
        Duration.ofSeconds(15),
        Duration.ofMillis(20),
        Duration.ofSeconds(5),
        Duration.ofSeconds(60),
        2,
        1);
  }
}
