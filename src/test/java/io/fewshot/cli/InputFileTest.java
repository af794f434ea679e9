package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InputFileTest {

  private static final InputStream NO_INPUT = InputStream.nullInputStream();

  @TempDir Path directory;

  private final RecordingConsole console = new RecordingConsole("");

  @Test
  void readsCsvAsInRfc4180() {
    // Given quotes, commas and line ends inside fields, and empty lines between records
    String csv =
        """
        query_id,text,label
        a,"one, ""two""
        three",x

        b,plain "quoted" word,
        """;

    // When
    List<Row> rows = read("messages.csv", csv);

    // Then
    assertThat(rows)
        .containsExactly(
            new Row(2, "one, \"two\"\nthree", "x", "a", null, "a"),
            new Row(5, "plain \"quoted\" word", null, "b", null, "b"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"\n", "\r\n", "\r"})
  void takesEveryLineEnd(String lineEnd) {
    List<Row> rows = read("m.csv", String.join(lineEnd, "text,key", "one,k1", "two,", ""));

    assertThat(rows)
        .containsExactly(
            new Row(2, "one", null, null, "k1", null), new Row(3, "two", null, null, null, null));
  }

  @ParameterizedTest
  @ValueSource(strings = {"label", "output", "category", " Category "})
  void knowsTheNamesOfALabel(String name) {
    assertThat(read("m.csv", "text," + name + ",other\nhello,greeting,1\n"))
        .extracting(Row::label)
        .containsExactly("greeting");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "`text;label\nthe van, it said;late\n`|semicolons",
        "`\"text\";\"label\"\n\"the van, it said\";late\n`|semicolons",
        "`sep=;\r\ntext;label\r\nthe van, it said;late\r\n`|semicolons",
        "`\uFEFF\"sep=;\"\r\ntext;label\r\nthe van, it said;late\r\n`|semicolons",
        "`sep=|\ntext|label\nthe van, it said|late\n`|'|'",
        "`text\tlabel\nthe van, it said\tlate\n`|tabs",
        "`\n\ttext\tlabel\n0\tthe van, it said\tlate\n`|tabs",
        "`sep=\t\ntext\tlabel\nthe van, it said\tlate\n`|tabs",
      })
  void tellsHowColumnsAreSeparatedAndSaysIt(String csv, String separators) {
    assertThat(read("m.csv", csv))
        .extracting(Row::text, Row::label)
        .containsExactly(tuple("the van, it said", "late"));
    assertThat(console.err())
        .contains("the columns are separated by " + separators)
        .hasLineCount(1);
  }

  @Test
  void aSpaceBeforeAQuoteDoesNotKeepTheQuotes() {
    // Given a space before a quote, after one, and before what is not quoted
    String csv = "label, \"text\"\nlate, \"the parcel, it never came\" \n refund ,  money back\n";

    // When, Then: only a text without quotes keeps its spaces
    assertThat(read("m.csv", csv))
        .extracting(Row::label, Row::text)
        .containsExactly(
            tuple("late", "the parcel, it never came"), tuple("refund", "  money back"));
  }

  @Test
  void emptyRowsAreLeftOutAndCounted() {
    List<Row> rows = read("m.csv", "text,label\na,x\n,\n ,\n\nb,y\n,\n");

    assertThat(rows)
        .extracting(Row::line, Row::text)
        .containsExactly(tuple(2L, "a"), tuple(6L, "b"));
    assertThat(console.err()).contains("m.csv: 4 empty rows are left out").hasLineCount(1);
  }

  @Test
  void aLabelHasOneForm() {
    // Given spaces around it, no-break ones too, a decomposed accent, and nothing at all
    String csv = "text,label\na, late\u00A0\nb,ge\u0301ne\u0301ral\nc,\" \"\n";

    assertThat(read("m.csv", csv)).extracting(Row::label).containsExactly("late", "général", null);
  }

  @Test
  void anIdOfAnyNameIsTheRowsId() {
    assertThat(read("a.csv", "text,id,query_id,example_id\na,1,,\nb,1,2,\nc,1,2,3\n"))
        .extracting(Row::queryId, Row::exampleId)
        .containsExactly(tuple("1", "1"), tuple("2", "1"), tuple("2", "3"));
  }

  @Test
  void readsJsonHoweverItIsLaidOut() {
    // Given the same in an array, over several lines, and one after the other
    String one = "{\n \"text\": \"one\",\n \"label\": [\"x\"]\n}";
    String two = "{\"text\": \"two\", \"label\": 1.10}";

    // When, Then
    for (String content :
        List.of("[\n" + one + ",\n" + two + "\n]\n", "\n" + one + "\n" + two, "\n" + one + two)) {
      assertThat(read("m.json", content))
          .extracting(Row::line, Row::text, Row::label)
          .containsExactly(
              tuple(2L, "one", "x"), tuple(content.contains("}{") ? 5L : 6L, "two", "1.10"));
    }
    assertThat(console.err()).isEmpty();
  }

  @Test
  void readsJsonLines() {
    // Given
    String lines =
        """
        {"text": "one", "query_id": 7, "key": "k", "extra": [1]}

        {"text": "two", "output": {"a": 1}, "label": null}
        """;

    // When
    List<Row> rows = read("messages.txt", lines);

    // Then
    assertThat(rows)
        .containsExactly(
            new Row(1, "one", null, "7", "k", "7"),
            new Row(3, "two", "{\"a\":1}", null, null, null));
  }

  @ParameterizedTest
  @ValueSource(strings = {"text\nhello\n", " \n {\"text\": \"hello\"}", "\uFEFFtext\nhello"})
  void tellsTheFormatOfStandardInputByItsFirstCharacter(String input) {
    assertThat(InputFile.readAll("-", new RecordingConsole(input).console()))
        .extracting(Row::text)
        .containsExactly("hello");
  }

  @Test
  void letsControlCharactersAndLoneSurrogatesPass() throws IOException {
    // Given a lone surrogate, escaped in JSON and as three bytes in CSV
    Path csv = directory.resolve("surrogate.csv");
    Files.write(
        csv,
        new byte[] {'t', 'e', 'x', 't', '\n', 'a', (byte) 0xED, (byte) 0xA0, (byte) 0x80, 7, 0});

    // When and then
    assertThat(InputFile.readAll(csv.toString(), console.console()))
        .extracting(Row::text)
        .containsExactly("a\uD800\u0007\0");
    assertThat(read("m.jsonl", "{\"text\": \"a\\ud800\\u0000\"}"))
        .extracting(Row::text)
        .containsExactly("a\uD800\0");
  }

  @Test
  void readsCharactersAcrossItsBuffers() {
    // Given more characters of three and four bytes than a buffer holds
    String text = "中文😀".repeat(50_000);

    assertThat(read("m.csv", "text\n" + text + "\n")).extracting(Row::text).containsExactly(text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "``|is empty",
        "` \n`|is empty",
        "`text\n`|has a header but no rows",
        "`message,label\nhello,x\n`|line 1 has no column 'text' but 'message', 'label'",
        "`message;label\nhello;x\n`|line 1 has no column 'text' but 'message', 'label': the first line"
            + " names the columns, separated by semicolons",
        "`sep=;\r\nmessage;label\r\nhello;x\r\n`|line 2 has no column 'text' but 'message', 'label'",
        "`sep=;\n`|line 1 is the last one",
        "`text;label\none; two;x\n`|line 2 has 3 columns and the header 2: put text with semicolons",
        "`sep=,\ntext,label\n\n\"a\nb\",x\n,\n\"c\nd\"\n`|line 7 has 1 columns and the header 2",
        "`\uFEFFtext,label\n \"open,x\n`|line 2 opens a quote that is never closed",
        "`text,label,text\na,b,c\n`|line 1 has the columns 'text' and 'text'",
        "`text,label,category\na,b,c\n`|line 1 has the columns 'label' and 'category'",
        "`text,label\nok,x\n\"open,x\nmore\n`|line 3 opens a quote that is never closed",
        "`text,label\n\"a\"b,x\n`|line 2 has text after a closing quote",
        "`text,label\none, two,x\n`|line 2 has 3 columns and the header 2",
        "`text,label\none\n`|line 2 has 1 columns and the header 2",
        "`{\"text\": \"a\"}\n[1]\n`|line 2 is no JSON object but an array",
        "`{\"text\": \"a\"}\n\n\"b\"\n`|line 3 is no JSON object but a single value",
        "`[\n{\"text\": \"a\"},\n[1]]`|line 3 is no JSON object but an array",
        "`[\n{\"text\": \"a\"}`|line 1 begins something that never ends",
        "`[{\"text\": \"a\"}]\n{\"text\": \"b\"}`|line 2 comes after the array's end",
        "`[]`|has no rows",
        "`{\"text\": \"a\"}\n{\n\"text\": \"a\"\n`|line 2 begins something that never ends",
        "`{\"text\":\n\"a\"}\n{\"text\": \"b\"\n\"label\": \"x\"}\n`|line 4 is not JSON",
        "`{\"text\": \"a\"} {}\n`|line 1 has no 'text'",
        "`{\"text\": \"a\", \"label\": [\"x\", \"y\"]}\n`|line 1 has a list of 2 as its 'label'",
        "`{\"text\": \"a\", \"label\": []}\n`|line 1 has a list of 0 as its 'label'",
        "`{\"text\": 5}\n`|line 1 has a 'text' that is no string but number",
        "`{\"label\": \"x\"}\n`|line 1 has no 'text'",
        "`{\"text\": \"a\", \"text\": \"b\"}\n`|line 1 has an object that names something twice",
        "`{\"text\": \"a\", \"label\": \"b\", \"output\": \"c\"}\n`|line 1 has 'output' under another name",
      })
  void saysWhatIsWrongAndWhere(String content, String expected) {
    assertThatExceptionOfType(BadInputException.class)
        .isThrownBy(() -> read("bad.file", content))
        .withMessageContaining("bad.file " + expected)
        .extracting(Throwable::getMessage)
        .asString()
        .contains(": ")
        .hasLineCount(1);
  }

  @Test
  void refusesWhatIsNotUtf8() throws IOException {
    Path file = directory.resolve("latin1.csv");
    Files.write(file, "text\nMünchen\n".getBytes(StandardCharsets.ISO_8859_1));

    assertThatThrownBy(() -> InputFile.readAll(file.toString(), console.console()))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("is not UTF-8");
  }

  @Test
  void refusesWhatIsNoFile() {
    assertThatThrownBy(() -> InputFile.open(directory.resolve("none").toString(), NO_INPUT))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("does not exist");
    assertThatThrownBy(() -> InputFile.open(directory.toString(), NO_INPUT))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("is a directory");
  }

  @Test
  void stopsAtAQuoteThatSwallowsEverythingThatFollows() {
    // Given a file that goes on for longer than any field can be
    String csv = "text\n\"" + "a line of the file\n".repeat(600_000);

    assertThatThrownBy(() -> read("long.csv", csv))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("line 2 is longer than 10 million characters");
  }

  @Test
  void readsAsItGoes() {
    // Given an input that never ends
    InputStream endless =
        new InputStream() {
          private long position;

          @Override
          public int read() {
            return "text\n".charAt((int) (position++ % 5));
          }

          @Override
          public int read(byte[] target, int offset, int length) {
            for (int i = 0; i < length; i++) {
              target[offset + i] = (byte) read();
            }
            return length;
          }
        };

    // When
    try (InputFile file = InputFile.open("-", endless)) {
      for (int i = 0; i < 100_000; i++) {
        assertThat(file.next()).isNotNull();
      }

      // Then only a little more than that was read
      assertThat(file.bytesRead()).isBetween(500_000L, 700_000L);
    }
  }

  private List<Row> read(String name, String content) {
    try {
      Path file = directory.resolve(name);
      Files.writeString(file, content);
      return InputFile.readAll(file.toString(), console.console());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
