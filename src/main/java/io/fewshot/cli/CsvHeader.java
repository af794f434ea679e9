package io.fewshot.cli;

import static java.util.stream.Collectors.joining;

import java.io.StringReader;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The first record of a CSV file, which shows how its columns are separated: the names are those
 * that we know only when they are split at the right character.
 *
 * @param line where it is
 */
record CsvHeader(long line, List<String> names, char separator) {

  private static final List<Character> SEPARATORS = List.of(',', ';', '\t');

  private static final Map<Character, String> SPOKEN =
      Map.of(',', "commas", ';', "semicolons", '\t', "tabs");

  /** Excel's own line; saved once more it has separators or quotes of its own. */
  private static final Pattern SEP =
      Pattern.compile("\"?sep=([^\"])\"?\\1*", Pattern.CASE_INSENSITIVE);

  /** Reads the first record, and the line before it that may name the separator. */
  static CsvHeader read(Characters characters) {
    long line = characters.line();
    String first = characters.restOfLine();
    Matcher sep = SEP.matcher(first);
    if (!sep.matches()) {
      return guess(characters, line, complete(characters, first));
    }
    characters.skipSpace();
    if (characters.peek() == Characters.END) {
      throw characters.bad(line, "is the last one: a header with a column 'text' must follow");
    }
    line = characters.line();
    String header = complete(characters, characters.restOfLine());
    return new CsvHeader(
        line, split(characters, line, header, sep.group(1).charAt(0)), sep.group(1).charAt(0));
  }

  /** A name in quotes may have line ends. */
  private static String complete(Characters characters, String first) {
    StringBuilder header = new StringBuilder(first);
    while (hasOpenQuote(header) && characters.peek() != Characters.END) {
      header.append('\n').append(characters.restOfLine());
    }
    return header.toString();
  }

  private static boolean hasOpenQuote(CharSequence text) {
    return text.chars().filter(each -> each == '"').count() % 2 != 0;
  }

  /** By the separator that gives a column 'text', or else the most columns. */
  private static CsvHeader guess(Characters characters, long line, String header) {
    CsvHeader best = null;
    BadInputException fault = null;
    for (char separator : SEPARATORS) {
      try {
        CsvHeader each = new CsvHeader(line, split(characters, line, header, separator), separator);
        if (best == null || each.rank() > best.rank()) {
          best = each;
        }
      } catch (BadInputException e) {
        fault = fault == null ? e : fault;
      }
    }
    if (best == null) {
      throw fault == null ? characters.bad(line, "has no columns: name them") : fault;
    }
    return best;
  }

  private int rank() {
    boolean hasText =
        names.stream().anyMatch(name -> Column.named(name).filter(Column.TEXT::equals).isPresent());
    return names.size() + (hasText ? 1_000_000 : 0);
  }

  private static List<String> split(
      Characters characters, long line, String header, char separator) {
    Characters own = characters.again(new StringReader(header), line);
    List<String> names = new CsvRecords(own, separator).next();
    return names == null ? List.of() : names;
  }

  /** Such as {@code semicolons}. */
  String separators() {
    return SPOKEN.getOrDefault(separator, "'" + separator + "'");
  }

  /** A name as shown in a message. */
  static String quote(String name) {
    String shown = name.length() <= 40 ? name : name.substring(0, 40) + "…";
    return "'" + shown.strip().replaceAll("\\p{Cntrl}", "·") + "'";
  }

  /** All names as shown in a message. */
  String quoted() {
    return names.stream().map(CsvHeader::quote).collect(joining(", "));
  }
}
