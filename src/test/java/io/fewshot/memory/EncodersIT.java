package io.fewshot.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvSchema;
import io.fewshot.prompt.Language;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class EncodersIT {

  /** What Python's onnxruntime and tokenizers make of the same files. */
  record Reference(Language language, String text, float[] head, double[] cosines) {
    String message() {
      return text.equals("word*700") ? "word ".repeat(700) : text;
    }
  }

  @TempDir static Path cache;

  private static Encoders encoders;

  @BeforeAll
  static void open() {
    encoders = new Encoders(cache, 2);
  }

  @AfterAll
  static void close() {
    encoders.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"EN", "ZH"})
  void vectorsAreThoseOfTheReferenceImplementation(Language language) throws IOException {
    // Given
    List<Reference> references =
        references().stream().filter(reference -> reference.language() == language).toList();

    // When
    float[][] vectors =
        encoders.of(language).encode(references.stream().map(Reference::message).toList());

    // Then
    for (int i = 0; i < vectors.length; i++) {
      Reference reference = references.get(i);
      assertThat(Arrays.copyOf(vectors[i], 8))
          .as(reference.text())
          .containsExactly(reference.head(), within(0.003f));
      float[] vector = vectors[i];
      double[] cosines =
          Arrays.stream(vectors).mapToDouble(other -> Embedding.dot(other, vector)).toArray();
      assertThat(cosines).as(reference.text()).containsExactly(reference.cosines(), within(0.003));
    }
  }

  @Test
  void textsOfABatchDoNotInfluenceEachOther() {
    // Given
    List<String> texts =
        List.of("short", "a message that is a good deal longer than the first one", "", "short");

    // When
    float[][] together = encoders.of(Language.EN).encode(texts);

    // Then
    for (int i = 0; i < texts.size(); i++) {
      float[] alone = encoders.of(Language.EN).encode(List.of(texts.get(i)))[0];
      assertThat(Embedding.dot(together[i], alone)).isCloseTo(1f, within(1e-4f));
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"EN", "ZH"})
  void oddTextsGetUnitVectors(Language language) {
    // Given
    List<String> odd =
        List.of(
            "",
            "   ",
            "\uD83D",
            "\uDE00 tail",
            "\u0000\u0001\u001b[31m",
            "\uFEFF\u200B",
            "[CLS] [SEP]");

    // When
    float[][] vectors = encoders.of(language).encode(odd);

    // Then
    assertThat(List.of(vectors))
        .hasSameSizeAs(odd)
        .allSatisfy(
            vector -> {
              assertThat(vector).hasSize(encoders.of(language).dimension());
              assertThat(Embedding.dot(vector, vector)).isCloseTo(1f, within(1e-4f));
            });
  }

  @Test
  void aMegabyteCostsNoMoreThanItsBeginning() {
    // Given
    String beginning = "my card was stolen ".repeat(200);
    String megabyte = beginning + "x".repeat(1 << 20);
    String blanks = " ".repeat(1 << 20) + "refund";

    // When
    float[][] vectors =
        assertTimeout(
            Duration.ofSeconds(5),
            () ->
                encoders
                    .of(Language.EN)
                    .encode(List.of(beginning, megabyte, blanks, "refund", "x".repeat(1 << 20))));

    // Then
    assertThat(Embedding.dot(vectors[0], vectors[1])).isCloseTo(1f, within(1e-4f));
    assertThat(Embedding.dot(vectors[2], vectors[3])).isCloseTo(1f, within(1e-4f));
  }

  @Test
  void automaticLanguageChoosesTheEncoderOfEachText() {
    // When
    List<Embedding> embeddings =
        encoders.encode(Language.AUTO, List.of("退款", "refund", "我的 iPhone 坏了"));

    // Then
    assertThat(embeddings)
        .extracting(Embedding::encoder)
        .containsExactly("bge-small-zh-v1.5", "bge-small-en-v1.5", "bge-small-zh-v1.5");
    assertThat(embeddings).extracting(each -> each.vector().length).containsExactly(512, 384, 512);
  }

  @Test
  void closedEncodersSaySo() {
    // Given
    Encoders closed = new Encoders(cache, 1);
    Encoder encoder = closed.of(Language.EN);

    // When
    closed.close();

    // Then
    assertThatThrownBy(() -> encoder.encode(List.of("late")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    assertThatThrownBy(() -> closed.of(Language.EN)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void severalThreadsShareAnEncoder() {
    // Given
    Encoder encoder = encoders.of(Language.EN);
    List<String> texts = IntStream.range(0, 16).mapToObj(i -> "message number " + i).toList();
    float[][] expected = encoder.encode(texts);

    // When
    List<float[][]> results =
        IntStream.range(0, 8).parallel().mapToObj(i -> encoder.encode(texts)).toList();

    // Then
    assertThat(results)
        .allSatisfy(
            vectors ->
                assertThat(Embedding.dot(vectors[7], expected[7])).isCloseTo(1f, within(1e-4f)));
  }

  @ParameterizedTest
  @CsvSource({"EN,banking77/test.csv", "ZH,eprstmt/test.csv"})
  void realMessagesHaveTheVectorsOfFp32(Language language, Path file) throws IOException {
    // Given
    Path csv = Path.of("../shared/data").resolve(file);
    assumeThat(csv).as("data outside the repository").exists();
    List<String> messages = new ArrayList<>();
    try (MappingIterator<Map<String, String>> rows =
        new CsvMapper()
            .readerForMapOf(String.class)
            .with(CsvSchema.emptySchema().withHeader())
            .readValues(csv.toFile())) {
      rows.forEachRemaining(row -> messages.add(row.get("text")));
    }
    List<String> some = messages.subList(0, 300);

    // When
    float[][] vectors = encoders.of(language).encode(some);
    float[][] expected;
    try (Encoder reference = encoders.reference(language)) {
      expected = reference.encode(some);
    }

    // Then
    assumeThat(Arrays.deepEquals(vectors, expected))
        .as("where PyTorch does not serve, fp32 would be compared with itself")
        .isFalse();
    double least =
        IntStream.range(0, some.size())
            .mapToDouble(i -> Embedding.dot(vectors[i], expected[i]))
            .min()
            .orElseThrow();
    assertThat(least).isGreaterThan(BertSentenceEncoder.LEAST_COSINE);
  }

  private static List<Reference> references() throws IOException {
    try (InputStream in = EncodersIT.class.getResourceAsStream("encoded-by-python.json")) {
      return List.of(new ObjectMapper().readValue(in, Reference[].class));
    }
  }
}
