package io.fewshot.model;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;

/**
 * Writes the {@code tokenizer.json} that Hugging Face's tokenizers read, from what a GGUF file
 * holds. Which {@code tokenizer.ggml.pre} means which splitting is taken from llama.cpp
 * (llama-vocab.cpp) and from the models' own tokenizer files.
 */
final class TokenizerJson {

  /**
   * Qwen2's words: contractions, letters with one sign before them, single digits, signs, spaces.
   */
  private static final String QWEN2_WORDS =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private TokenizerJson() {}

  static void write(OutputStream out, Path file, String pre, String[] tokens, String[] merges)
      throws IOException {
    try (JsonGenerator json = new JsonFactory().createGenerator(out)) {
      json.writeStartObject();
      json.writeStringField("version", "1.0");
      json.writeNullField("truncation");
      json.writeNullField("padding");
      json.writeArrayFieldStart("added_tokens");
      json.writeEndArray();
      switch (pre) {
        case "qwen2" -> {
          json.writeObjectFieldStart("normalizer");
          json.writeStringField("type", "NFC");
          json.writeEndObject();
          sequence(json, () -> splitAt(json, QWEN2_WORDS), false);
        }
        case "smollm" -> {
          json.writeNullField("normalizer");
          sequence(json, () -> singleDigits(json), true);
        }
        case "gpt2", "gpt-2", "default" -> {
          json.writeNullField("normalizer");
          json.writeFieldName("pre_tokenizer");
          byteLevel(json, true);
        }
        default ->
            throw new ModelException(
                "Model file %s splits words the %s way; supported are smollm, qwen2 and gpt-2"
                    .formatted(file, pre));
      }
      json.writeNullField("post_processor");
      json.writeNullField("decoder");
      model(json, tokens, merges);
      json.writeEndObject();
    }
  }

  private interface Step {
    void write() throws IOException;
  }

  private static void sequence(JsonGenerator json, Step first, boolean words) throws IOException {
    json.writeObjectFieldStart("pre_tokenizer");
    json.writeStringField("type", "Sequence");
    json.writeArrayFieldStart("pretokenizers");
    first.write();
    byteLevel(json, words);
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void splitAt(JsonGenerator json, String regex) throws IOException {
    json.writeStartObject();
    json.writeStringField("type", "Split");
    json.writeObjectFieldStart("pattern");
    json.writeStringField("Regex", regex);
    json.writeEndObject();
    json.writeStringField("behavior", "Isolated");
    json.writeBooleanField("invert", false);
    json.writeEndObject();
  }

  private static void singleDigits(JsonGenerator json) throws IOException {
    json.writeStartObject();
    json.writeStringField("type", "Digits");
    json.writeBooleanField("individual_digits", true);
    json.writeEndObject();
  }

  /**
   * @param words whether to split into words GPT-2's way too
   */
  private static void byteLevel(JsonGenerator json, boolean words) throws IOException {
    json.writeStartObject();
    json.writeStringField("type", "ByteLevel");
    json.writeBooleanField("add_prefix_space", false);
    json.writeBooleanField("trim_offsets", true);
    json.writeBooleanField("use_regex", words);
    json.writeEndObject();
  }

  private static void model(JsonGenerator json, String[] tokens, String[] merges)
      throws IOException {
    json.writeObjectFieldStart("model");
    json.writeStringField("type", "BPE");
    json.writeNullField("dropout");
    json.writeNullField("unk_token");
    json.writeNullField("continuing_subword_prefix");
    json.writeNullField("end_of_word_suffix");
    json.writeBooleanField("fuse_unk", false);
    json.writeBooleanField("byte_fallback", false);
    json.writeObjectFieldStart("vocab");
    for (int id = 0; id < tokens.length; id++) {
      json.writeNumberField(tokens[id], id);
    }
    json.writeEndObject();
    json.writeArrayFieldStart("merges");
    for (String merge : merges) {
      json.writeString(merge);
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
