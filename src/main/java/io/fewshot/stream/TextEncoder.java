package io.fewshot.stream;

import io.fewshot.memory.Embedding;
import io.fewshot.memory.Encoders;
import io.fewshot.prompt.Language;
import java.util.List;

/** Encodes texts by the language of their task. */
public interface TextEncoder {

  /** One embedding for each text, in order. */
  List<Embedding> encode(Language language, List<String> texts);

  /** The name of the encoder that {@link #encode} would use. */
  String name(Language language, String text);

  /** The process's encoders. */
  static TextEncoder of(Encoders encoders) {
    return new TextEncoder() {
      @Override
      public List<Embedding> encode(Language language, List<String> texts) {
        return encoders.encode(language, texts);
      }

      @Override
      public String name(Language language, String text) {
        return encoders.of(language.of(text)).name();
      }
    };
  }
}
