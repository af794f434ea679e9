package io.fewshot.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** A curve of accuracy over labels, as a table and as a picture that stands alone. */
final class CurvePicture {

  private static final int WIDTH = 640;
  private static final int HEIGHT = 400;
  private static final int LEFT = 72;
  private static final int RIGHT = 24;
  private static final int TOP = 68;
  private static final int BOTTOM = 60;
  private static final String ACCURACY = "#0b6bcb";
  private static final String SHARE = "#b3541e";
  private static final String DASHES = " stroke-dasharray=\"6 4\"";

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

  /** Accuracy in full, the share that is accepted in dashes, with a dot where it was measured. */
  static String svg(String task, List<CurvePoint> curve) {
    int most = Math.max(1, curve.stream().mapToInt(CurvePoint::labels).max().orElse(1));
    StringBuilder svg = new StringBuilder();
    svg.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" \
        aria-label="accuracy over labels" font-family="sans-serif" font-size="13" fill="#333">
        <rect width="100%%" height="100%%" fill="#fff"/>
        <text x="%d" y="24" font-size="16">%s: what labels bring</text>
        """
            .formatted(WIDTH, HEIGHT, LEFT, escaped(task)));
    for (int i = 0; i <= 4; i++) {
      svg.append(
          String.format(
              Locale.ROOT,
              """
              <line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#ddd"/>
              <text x="%d" y="%.1f" text-anchor="end">%d %%</text>
              """,
              LEFT,
              WIDTH - RIGHT,
              y(i / 4.0),
              y(i / 4.0),
              LEFT - 8,
              y(i / 4.0) + 4,
              25 * i));
    }
    int ticks = Math.min(4, most);
    for (int i = 0; i <= ticks; i++) {
      long labels = Math.round((double) most * i / ticks);
      svg.append(
          String.format(
              Locale.ROOT,
              "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>\n",
              x((double) labels / most),
              HEIGHT - BOTTOM + 20,
              labels));
    }
    svg.append(
        legend(LEFT, ACCURACY, "", "accuracy on the test")
            + legend(LEFT + 200, SHARE, DASHES, "share accepted")
            + line(curve, most, SHARE, DASHES, CurvePoint::acceptedShare)
            + line(curve, most, ACCURACY, "", CurvePoint::testAccuracy)
            + axes());
    return svg.append("</svg>\n").toString();
  }

  private static String axes() {
    int middle = (TOP + HEIGHT - BOTTOM) / 2;
    return """
        <text x="%d" y="%d" text-anchor="middle">labels spent</text>
        <text x="16" y="%d" text-anchor="middle" transform="rotate(-90 16 %d)">of test messages</text>
        """
        .formatted((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, middle, middle);
  }

  private static String legend(int x, String colour, String dashes, String text) {
    return """
        <line x1="%d" x2="%d" y1="44" y2="44" stroke="%s" stroke-width="2"%s/>
        <text x="%d" y="48" fill="%s">%s</text>
        """
        .formatted(x, x + 28, colour, dashes, x + 36, colour, text);
  }

  private static String line(
      List<CurvePoint> curve,
      int most,
      String colour,
      String dashes,
      ToDoubleFunction<CurvePoint> value) {
    StringBuilder dots = new StringBuilder();
    List<String> points = new ArrayList<>();
    for (CurvePoint point : curve) {
      double share = value.applyAsDouble(point);
      if (!Double.isNaN(share)) {
        double x = x((double) point.labels() / most);
        points.add(String.format(Locale.ROOT, "%.1f,%.1f", x, y(share)));
        dots.append(
            String.format(
                Locale.ROOT,
                "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\" fill=\"%s\">"
                    + "<title>%d labels: %.1f %%</title></circle>\n",
                x,
                y(share),
                colour,
                point.labels(),
                100 * share));
      }
    }
    return "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\"%s/>\n%s"
        .formatted(String.join(" ", points), colour, dashes, dots);
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
