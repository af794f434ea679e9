package io.fewshot.labeling;

import io.fewshot.event.internal.CorrectionOutcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.producer.RecordMetadata;

/**
 * What learning decided about corrections, for whoever waits to hear. Safe for use by several
 * threads.
 */
final class Decisions {

  /** Where a correction lies in its topic. */
  record Place(int partition, long offset) {}

  private static final int REMEMBERED = 10_000;

  private final Duration patience;
  private final Map<Place, CorrectionOutcome> latest = new Bounded<>(REMEMBERED);

  /**
   * @param patience how long somebody waits, at most; learning may be away
   */
  Decisions(Duration patience) {
    this.patience = patience;
  }

  synchronized void add(CorrectionOutcome outcome) {
    latest.put(new Place(outcome.getPartition(), outcome.getOffset()), outcome);
    notifyAll();
  }

  /**
   * Waits until all of these corrections are decided on, or for as long as patience lasts.
   *
   * @return the decisions there are, in the order of the corrections
   */
  synchronized List<CorrectionOutcome> await(List<RecordMetadata> written) {
    List<CorrectionOutcome> decided = new ArrayList<>();
    long deadline = System.nanoTime() + patience.toNanos();
    for (RecordMetadata each : written) {
      Place place = new Place(each.partition(), each.offset());
      CorrectionOutcome outcome = latest.get(place);
      while (outcome == null) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (left <= 0) {
          break;
        }
        try {
          wait(left);
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return decided;
        }
        outcome = latest.get(place);
      }
      if (outcome != null) {
        decided.add(outcome);
      }
    }
    return decided;
  }
}
