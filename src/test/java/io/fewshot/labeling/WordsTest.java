package io.fewshot.labeling;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page says everything in English and in Chinese. */
class WordsTest {

  private static final Path PAGE = Path.of("src", "main", "resources", "io", "fewshot", "labeling");
  private static final Pattern ENTRY = Pattern.compile("(\\w+): '((?:[^'\\\\]|\\\\.)*)'");
  private static final Pattern HOLE = Pattern.compile("\\{\\w+}");
  private static final Pattern ASKED =
      Pattern.compile("\\bword\\('(\\w+)'[,)]|data-word=\"(\\w+)\"");

  /** Names that the page puts together: by the reason, the error, or a picture's name. */
  private static final Pattern MADE = Pattern.compile("(reason|why)[A-Z_]+|error_\\w+|\\w+Hint");

  @Test
  void bothLanguagesSayTheSameThings() throws IOException {
    Map<String, String> english = words("en: {", "zh: {");
    Map<String, String> chinese = words("zh: {", "let current");

    assertThat(english).hasSizeGreaterThan(100);
    assertThat(chinese.keySet()).isEqualTo(english.keySet());
    english.forEach(
        (name, sentence) -> {
          assertThat(holes(chinese.get(name))).as(name).isEqualTo(holes(sentence));
          assertThat(chinese.get(name)).as(name).isNotBlank();
          assertThat(sentence).as(name).isNotBlank();
        });
  }

  @Test
  void whatThePageAsksForIsThereAndNothingElse() throws IOException {
    Set<String> there = words("en: {", "zh: {").keySet();
    StringBuilder page = new StringBuilder();
    try (Stream<Path> files = Files.list(PAGE)) {
      for (Path file : files.filter(each -> each.toString().matches(".*\\.(js|html)")).toList()) {
        if (!file.endsWith("words.js")) {
          page.append(Files.readString(file));
        }
      }
    }
    Set<String> asked = new TreeSet<>();
    Matcher matcher = ASKED.matcher(page);
    while (matcher.find()) {
      asked.add(matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
    }

    assertThat(asked).hasSizeGreaterThan(60).isSubsetOf(there);
    assertThat(there)
        .filteredOn(name -> !MADE.matcher(name).matches())
        .allSatisfy(name -> assertThat(page).containsAnyOf("'" + name + "'", "\"" + name + "\""));
  }

  private static Map<String, String> words(String from, String to) throws IOException {
    String text = Files.readString(PAGE.resolve("words.js"));
    Map<String, String> words = new TreeMap<>();
    Matcher entry = ENTRY.matcher(text.substring(text.indexOf(from), text.indexOf(to)));
    while (entry.find()) {
      assertThat(words.put(entry.group(1), entry.group(2))).as(entry.group(1)).isNull();
    }
    return words;
  }

  private static Set<String> holes(String sentence) {
    Set<String> holes = new TreeSet<>();
    Matcher hole = HOLE.matcher(sentence);
    while (hole.find()) {
      holes.add(hole.group());
    }
    return holes;
  }
}
