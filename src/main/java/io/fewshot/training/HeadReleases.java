package io.fewshot.training;

import io.fewshot.event.Method;
import io.fewshot.ladder.LinearHead;
import java.util.Map;
import org.apache.kafka.clients.producer.Producer;

/** Releases heads that were fitted elsewhere, past the gate: to measure a swap, for instance. */
public final class HeadReleases {

  private HeadReleases() {}

  /**
   * Releases a head under its own version and makes it serve.
   *
   * @throws org.apache.kafka.common.KafkaException when the broker did not take all of it
   */
  public static void publish(Connection connection, String task, LinearHead head, String reason) {
    Outcome.Passed passed =
        new Outcome.Passed(
            head.version(),
            head.encoder(),
            HeadFiles.write(head, Map.of("reason", reason)),
            Map.of(),
            reason,
            Map.of());
    try (Producer<String, byte[]> producer = connection.producer(Map.of())) {
      // One after the other: who sees that it should serve must find it.
      new Publishing(connection)
          .release(new ReleaseBook.Slot(task, Method.HEAD), passed)
          .forEach(record -> Sending.send(producer, record));
    }
  }
}
