package io.fewshot.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;

/**
 * How well a task does when so many labels are spent. Shares are NaN where nothing was there to be
 * measured.
 *
 * @param seen messages that were answered
 * @param labels spent
 * @param testAccuracy share of the test messages with a label of the task that are right
 * @param acceptedShare share of all test messages that are accepted
 * @param acceptedAccuracy share of those that are right; what is none of the task's business and
 *     accepted is wrong
 * @param tested how many test messages were asked
 * @param head version of the head that serves; empty without one
 */
record CurvePoint(
    int seen,
    int labels,
    double testAccuracy,
    double acceptedShare,
    double acceptedAccuracy,
    int tested,
    String head) {

  ObjectNode json() {
    ObjectNode line = JsonLines.object().put("seen", seen).put("labels", labels);
    JsonLines.put(line, "test_accuracy", testAccuracy);
    JsonLines.put(line, "accepted_share", acceptedShare);
    JsonLines.put(line, "accepted_accuracy", acceptedAccuracy);
    return line.put("tested", tested).put("head", head.isEmpty() ? null : head);
  }

  String line() {
    return String.format(
        Locale.ROOT,
        "%7d %7d  %13s  %8s  %14s  %s",
        seen,
        labels,
        percent(testAccuracy),
        percent(acceptedShare),
        percent(acceptedAccuracy),
        head.isEmpty() ? "-" : head);
  }

  private static String percent(double share) {
    return Double.isNaN(share) ? "-" : String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }
}
