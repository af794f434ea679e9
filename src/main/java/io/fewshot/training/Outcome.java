package io.fewshot.training;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;

/** What came of a training. */
sealed interface Outcome {

  /** For people. */
  String why();

  /** What the gate measured; empty when it did not come so far. */
  Map<String, Double> metrics();

  /**
   * A candidate that passed the gate.
   *
   * @param baseModel the encoder or language model that it was trained on
   */
  record Passed(
      String version,
      String baseModel,
      Artifact artifact,
      Map<String, Long> offsets,
      String why,
      Map<String, Double> metrics)
      implements Outcome {

    private static final DateTimeFormatter TIME =
        DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

    /** Its version tells when it was made, and never comes twice. */
    Passed(
        String baseModel,
        Artifact artifact,
        Map<String, Long> offsets,
        String why,
        Map<String, Double> metrics) {
      this(
          TIME.format(Instant.now()) + "-" + artifact.sha256().substring(0, 8),
          baseModel,
          artifact,
          offsets,
          why,
          metrics);
    }
  }

  /** No candidate, or one that is not good enough. */
  record Rejected(String why, Map<String, Double> metrics) implements Outcome {}

  /** Before there was a candidate. */
  static Outcome rejected(String why) {
    return new Rejected(why, Map.of());
  }

  /** An error. */
  record Failed(String why) implements Outcome {

    @Override
    public Map<String, Double> metrics() {
      return Map.of();
    }
  }
}
