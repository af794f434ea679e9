package io.fewshot.cli;

import io.fewshot.event.Result;
import io.fewshot.event.SaneTime;
import io.fewshot.event.Status;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;

/** A result as a line for people. */
record ResultLine(Style style) {

  private static final int MAX_OUTPUT = 60;
  private static final int SHOWN_EXAMPLES = 5;
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss", Locale.ROOT);

  /** Time, id, output, confidence, rung, status and examples. */
  String of(Result result, Instant recorded) {
    Instant time = SaneTime.of(result.getCreatedAt(), recorded.toEpochMilli());
    return String.join(
        "  ",
        style.dim(TIME.format(time.atZone(ZoneId.systemDefault()))),
        Style.brief(result.getQueryId(), 36),
        answer(result),
        style.dim(examples(result.getExampleIds())));
  }

  /** Output, confidence, rung and status, in columns. */
  String answer(Result result) {
    String output = result.getOutput() == null ? "-" : Style.brief(result.getOutput(), MAX_OUTPUT);
    return "%s  %4.2f  %-10s  %s"
        .formatted(
            style.bold("%-20s".formatted(output)),
            result.getConfidence(),
            result.getRung(),
            status(result.getStatus()));
  }

  private String status(Status status) {
    String padded = "%-12s".formatted(status);
    return switch (status) {
      case ACCEPTED -> style.green(padded);
      case NEEDS_REVIEW -> style.yellow(padded);
      case CORRECTED -> style.bold(padded);
    };
  }

  private static String examples(List<String> ids) {
    if (ids.isEmpty()) {
      return "no examples";
    }
    List<String> first = ids.stream().limit(SHOWN_EXAMPLES).map(id -> shortId(id)).toList();
    int more = ids.size() - first.size();
    return String.join(" ", first) + (more > 0 ? " and " + more + " more" : "");
  }

  private static String shortId(String id) {
    return Style.brief(id, 12);
  }
}
