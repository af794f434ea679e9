package io.fewshot.memory;

import io.fewshot.prompt.Language;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.cn.smart.SmartChineseAnalyzer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;

/**
 * Splits texts into the words that are searched: stems for English, a hidden Markov model's
 * segmentation for Chinese, decided for each text by its own script. Safe for use by several
 * threads.
 */
final class Words implements AutoCloseable {

  // A text's first words say what it is about, and segmentation is not free.
  static final int MAX_CHARS = 4096;
  private static final String FIELD = "text";

  // No stop words: "not" and "can" tell short messages apart, and BM25 gives little weight to what
  // is everywhere.
  private final Analyzer english = new EnglishAnalyzer(CharArraySet.EMPTY_SET);
  private final Analyzer chinese = new SmartChineseAnalyzer();

  List<String> of(String text) {
    String bounded = Texts.bounded(text, MAX_CHARS);
    Analyzer analyzer = Language.AUTO.of(bounded) == Language.ZH ? chinese : english;
    List<String> words = new ArrayList<>();
    try (TokenStream stream = analyzer.tokenStream(FIELD, bounded)) {
      CharTermAttribute term = stream.addAttribute(CharTermAttribute.class);
      stream.reset();
      while (stream.incrementToken()) {
        words.add(term.toString());
      }
      stream.end();
    } catch (IOException e) {
      throw new UncheckedIOException("reading from a string cannot fail", e);
    }
    return words;
  }

  @Override
  public void close() {
    english.close();
    chinese.close();
  }
}
