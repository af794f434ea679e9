package io.fewshot.cli;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** A curve of accuracy over labels, as a table and as a picture that stands alone. */
final class CurvePicture {

  private static final int WIDTH = 640;
  private static final int HEIGHT = 400;
  private static final int LEFT = 60;
  private static final int RIGHT = 20;
  private static final int TOP = 40;
  private static final int BOTTOM = 60;

  private CurvePicture() {}

  static String csv(List<CurvePoint> curve) {
    return curve.stream()
        .map(
            p ->
                String.format(
                    Locale.ROOT,
                    "%d,%d,%s,%s,%s",
                    p.seen(),
                    p.labels(),
                    number(p.testAccuracy()),
                    number(p.acceptedShare()),
                    number(p.acceptedAccuracy())))
        .collect(
            Collectors.joining(
                "\n", "seen,labels,test_accuracy,accepted_share,accepted_accuracy\n", "\n"));
  }

  private static String number(double value) {
    return Double.isNaN(value) ? "" : String.format(Locale.ROOT, "%.4f", value);
  }

  /** Accuracy in full, the share that is accepted in dashes. */
  static String svg(String task, List<CurvePoint> curve) {
    int most = Math.max(1, curve.stream().mapToInt(CurvePoint::labels).max().orElse(1));
    StringBuilder svg = new StringBuilder();
    svg.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" \
        aria-label="accuracy over labels" font-family="sans-serif" font-size="13" fill="#333">
        <rect width="100%%" height="100%%" fill="#fff"/>
        <text x="%d" y="22" font-size="15">%s: accuracy over labels spent</text>
        """
            .formatted(WIDTH, HEIGHT, LEFT, escaped(task)));
    for (int i = 0; i <= 4; i++) {
      svg.append(
          String.format(
              Locale.ROOT,
              """
              <line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/>
              <text x="%d" y="%.1f" text-anchor="end">%d %%</text>
              <text x="%.1f" y="%d" text-anchor="middle">%d</text>
              """,
              LEFT,
              WIDTH - RIGHT,
              y(i / 4.0),
              y(i / 4.0),
              LEFT - 8,
              y(i / 4.0) + 4,
              25 * i,
              x(i / 4.0),
              HEIGHT - BOTTOM + 18,
              Math.round(most * i / 4.0)));
    }
    svg.append(
        line(curve, most, "#0b6bcb", "", CurvePoint::testAccuracy)
            + line(curve, most, "#b3541e", " stroke-dasharray=\"6 4\"", CurvePoint::acceptedShare)
            + """
            <text x="%d" y="%d" fill="#0b6bcb">test accuracy</text>
            <text x="%d" y="%d" fill="#b3541e">share accepted (dashes)</text>
            <text x="%d" y="%d" text-anchor="end">labels</text>
            </svg>
            """
                .formatted(LEFT, HEIGHT - 14, LEFT + 120, HEIGHT - 14, WIDTH - RIGHT, HEIGHT - 14));
    return svg.toString();
  }

  private static String line(
      List<CurvePoint> curve,
      int most,
      String colour,
      String dashes,
      java.util.function.ToDoubleFunction<CurvePoint> value) {
    List<CurvePoint> known =
        curve.stream().filter(p -> !Double.isNaN(value.applyAsDouble(p))).toList();
    String points =
        known.stream()
            .map(
                p ->
                    String.format(
                        Locale.ROOT,
                        "%.1f,%.1f",
                        x((double) p.labels() / most),
                        y(value.applyAsDouble(p))))
            .collect(Collectors.joining(" "));
    return "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s/>\n"
        .formatted(points, colour, dashes);
  }

  private static double x(double share) {
    return LEFT + share * (WIDTH - LEFT - RIGHT);
  }

  private static double y(double share) {
    return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;");
  }
}
