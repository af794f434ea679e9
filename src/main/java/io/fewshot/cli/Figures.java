package io.fewshot.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Measured figures, each of several runs. What is reported is the median. */
final class Figures {

  private final Map<String, Figure> figures = new LinkedHashMap<>();

  private record Figure(String unit, @Nullable Double goal, List<Double> runs) {

    double at(double share) {
      List<Double> sorted = new ArrayList<>(runs);
      Collections.sort(sorted);
      double place = share * (sorted.size() - 1);
      double low = sorted.get((int) Math.floor(place));
      return (low + sorted.get((int) Math.ceil(place))) / 2;
    }
  }

  /** One run's value of a figure that has a goal. */
  void add(String name, double value, String unit, double goal) {
    put(name, value, unit, goal);
  }

  /** One run's value of a figure that stands for itself. */
  void add(String name, double value, String unit) {
    put(name, value, unit, null);
  }

  private void put(String name, double value, String unit, @Nullable Double goal) {
    figures.computeIfAbsent(name, key -> new Figure(unit, goal, new ArrayList<>())).runs.add(value);
  }

  /** Prints all of them. */
  void print(Console console, boolean json) {
    if (!json) {
      console.result(
          "figure                              median       min       max  runs   goal  unit");
    }
    figures.forEach(
        (name, figure) -> console.result(json ? object(name, figure) : line(name, figure)));
  }

  private static String object(String name, Figure figure) {
    ObjectNode object = JsonLines.object().put("figure", name);
    JsonLines.put(object, "value", figure.at(0.5));
    object.put("unit", figure.unit);
    JsonLines.put(object, "goal", figure.goal == null ? Double.NaN : figure.goal);
    JsonLines.put(object, "min", figure.at(0));
    JsonLines.put(object, "max", figure.at(1));
    return object.put("runs", figure.runs.size()).toString();
  }

  private static String line(String name, Figure figure) {
    return "%-32s %9s %9s %9s  %4d %6s  %s"
        .formatted(
            name,
            number(figure.at(0.5)),
            number(figure.at(0)),
            number(figure.at(1)),
            figure.runs.size(),
            figure.goal == null ? "-" : number(figure.goal),
            figure.unit);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, Math.abs(value) < 10 ? "%.3f" : "%.1f", value);
  }
}
