package io.fewshot.labeling;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How well a task does, measured from what people said: first results against corrections.
 *
 * @param results first results that are remembered
 * @param acceptedShare of them; null without any
 * @param rungs first results by the rung that gave them
 * @param labels messages that people answered
 * @param accepted accuracy of the accepted answers, from audits alone: they are the only fair
 *     sample of what nobody else looks at
 * @param review accuracy of the best guess where people were asked
 * @param all accuracy of all first results: both, weighted by their shares
 * @param reliability how often answers of about the same confidence are right
 * @param learning accuracy of the last first results over the labels spent
 */
record TaskPanel(
    int results,
    @Nullable Double acceptedShare,
    Map<String, Integer> rungs,
    int labels,
    @Nullable Estimate accepted,
    @Nullable Estimate review,
    @Nullable Double all,
    List<Bin> reliability,
    List<Point> learning) {

  private static final int BINS = 10;
  private static final int WINDOW = 25;
  private static final int POINTS = 60;
  private static final double Z = 1.96;

  /**
   * A share with its 95 % interval (Wilson, 1927), for which weighted cases count as many as Kish's
   * effective sample size says.
   */
  record Estimate(double value, double low, double high, int n) {}

  /**
   * Answers of about the same confidence.
   *
   * @param confidence their mean
   * @param right the share that is right
   */
  record Bin(double confidence, double right, int n) {}

  /**
   * @param labels spent by then
   * @param accuracy of the first results of the last {@value #WINDOW} of them
   */
  record Point(int labels, double accuracy) {}

  /** A message with both answers. */
  private record Compared(double confidence, double weight, boolean right, boolean accepted) {}

  static TaskPanel of(List<FirstResult> firstResults, List<Labeled> labeledLatestFirst) {
    Map<String, Integer> rungs = new TreeMap<>();
    firstResults.forEach(result -> rungs.merge(result.rung(), 1, Integer::sum));
    long acceptedCount = firstResults.stream().filter(FirstResult::accepted).count();
    Double share = firstResults.isEmpty() ? null : (double) acceptedCount / firstResults.size();

    List<Compared> compared = compare(labeledLatestFirst);
    Estimate accepted = estimate(compared.stream().filter(Compared::accepted).toList());
    Estimate review = estimate(compared.stream().filter(each -> !each.accepted()).toList());
    return new TaskPanel(
        firstResults.size(),
        share,
        rungs,
        labeledLatestFirst.size(),
        accepted,
        review,
        overall(share, accepted, review),
        reliability(compared),
        learning(compared));
  }

  /** In the order of the answers; what people were not asked about is no sample of anything. */
  private static List<Compared> compare(List<Labeled> labeled) {
    return labeled.stream()
        .filter(each -> each.state() == Ballot.State.AGREED)
        .sorted(Comparator.comparing(Labeled::at))
        .flatMap(
            each -> {
              FirstResult first = each.first();
              OpenRequest request = each.request();
              return first == null || request == null
                  ? java.util.stream.Stream.empty()
                  : java.util.stream.Stream.of(
                      new Compared(
                          first.confidence(),
                          1 / request.propensity(),
                          first.isRight(each.last().output()),
                          first.accepted()));
            })
        .toList();
  }

  private static @Nullable Double overall(
      @Nullable Double share, @Nullable Estimate accepted, @Nullable Estimate review) {
    if (share == null) {
      return null;
    }
    if (share < 1 && review == null || share > 0 && accepted == null) {
      return null;
    }
    return (accepted == null ? 0 : share * accepted.value())
        + (review == null ? 0 : (1 - share) * review.value());
  }

  private static @Nullable Estimate estimate(List<Compared> cases) {
    if (cases.isEmpty()) {
      return null;
    }
    double weights = 0;
    double squares = 0;
    double right = 0;
    for (Compared each : cases) {
      weights += each.weight();
      squares += each.weight() * each.weight();
      right += each.right() ? each.weight() : 0;
    }
    double p = right / weights;
    double n = weights * weights / squares;
    double centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n);
    double half = Z / (1 + Z * Z / n) * Math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n));
    return new Estimate(p, Math.max(0, centre - half), Math.min(1, centre + half), cases.size());
  }

  private static List<Bin> reliability(List<Compared> compared) {
    List<Bin> bins = new ArrayList<>();
    for (int i = 0; i < BINS; i++) {
      int bin = i;
      List<Compared> inside =
          compared.stream()
              .filter(each -> Math.min(BINS - 1, (int) (each.confidence() * BINS)) == bin)
              .toList();
      if (!inside.isEmpty()) {
        double weights = inside.stream().mapToDouble(Compared::weight).sum();
        double confidence =
            inside.stream().mapToDouble(each -> each.weight() * each.confidence()).sum() / weights;
        double right =
            inside.stream().filter(Compared::right).mapToDouble(Compared::weight).sum() / weights;
        bins.add(new Bin(confidence, right, inside.size()));
      }
    }
    return bins;
  }

  private static List<Point> learning(List<Compared> compared) {
    List<Point> points = new ArrayList<>();
    int step = Math.max(1, compared.size() / POINTS);
    for (int end = 1; end <= compared.size(); end++) {
      if (end % step == 0 || end == compared.size()) {
        List<Compared> window = compared.subList(Math.max(0, end - WINDOW), end);
        double right = window.stream().filter(Compared::right).count();
        points.add(new Point(end, right / window.size()));
      }
    }
    return points;
  }
}
