package io.fewshot.model;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Byte-level BPE from a GGUF file's metadata. Plain text is encoded by Hugging Face's tokenizers,
 * which know nothing of control tokens here: those are looked for by us, in templates only, so that
 * a message can never smuggle one in.
 */
final class GgufTokenizer implements Tokenizer {

  /** {@code tokenizer.ggml.token_type} of control tokens and of tokens that a user added. */
  private static final int CONTROL = 3;

  private static final int USER_DEFINED = 4;

  /** Options in DJL's form: the text as it is, nothing added and nothing cut. */
  private static final Map<String, String> OPTIONS =
      Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");

  private final HuggingFaceTokenizer plain;
  private final String[] tokens;
  private final boolean[] control;
  private final boolean[] verbatim;
  private final Map<String, Integer> special = new HashMap<>();
  private final Pattern specialPattern;
  private final int endOfTurn;

  private GgufTokenizer(Gguf gguf, HuggingFaceTokenizer plain, String[] tokens, double[] types) {
    this.plain = plain;
    this.tokens = tokens;
    this.control = new boolean[tokens.length];
    this.verbatim = new boolean[tokens.length];
    for (int id = 0; id < tokens.length && id < types.length; id++) {
      control[id] = types[id] == CONTROL;
      verbatim[id] = types[id] == USER_DEFINED;
      if ((control[id] || verbatim[id]) && !tokens[id].isEmpty()) {
        special.put(tokens[id], id);
      }
    }
    // Longest first, so that no special token hides a longer one.
    String alternatives =
        special.keySet().stream()
            .sorted(Comparator.comparingInt(String::length).reversed())
            .map(Pattern::quote)
            .collect(Collectors.joining("|"));
    this.specialPattern = Pattern.compile(alternatives.isEmpty() ? "(?!)" : alternatives);
    this.endOfTurn = gguf.integer("tokenizer.ggml.eos_token_id").map(Math::toIntExact).orElse(-1);
  }

  static GgufTokenizer of(Gguf gguf) {
    TorchEngine.configure();
    String model = gguf.require(gguf.string("tokenizer.ggml.model"), "tokenizer.ggml.model");
    if (!model.equals("gpt2")) {
      throw new ModelException(
          "Model file %s has a tokenizer of kind %s; only byte-level BPE (gpt2) is supported"
              .formatted(gguf.file(), model));
    }
    String[] tokens = gguf.require(gguf.strings("tokenizer.ggml.tokens"), "tokenizer.ggml.tokens");
    String[] merges = gguf.require(gguf.strings("tokenizer.ggml.merges"), "tokenizer.ggml.merges");
    double[] types = gguf.numbers("tokenizer.ggml.token_type").orElseGet(() -> new double[0]);
    String pre = gguf.string("tokenizer.ggml.pre").orElse("default");
    ByteArrayOutputStream json = new ByteArrayOutputStream(8 << 20);
    try {
      TokenizerJson.write(json, gguf.file(), pre, tokens, merges);
      HuggingFaceTokenizer plain =
          HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json.toByteArray()), OPTIONS);
      return new GgufTokenizer(gguf, plain, tokens, types);
    } catch (IOException | RuntimeException e) {
      if (e instanceof ModelException known) {
        throw known;
      }
      throw new ModelException(
          "The tokenizer of model file %s cannot be built: %s"
              .formatted(gguf.file(), TorchEngine.oneLine(e)),
          e);
    }
  }

  @Override
  public int[] encode(String text) {
    if (text.isEmpty()) {
      return new int[0];
    }
    long[] ids = plain.encode(wellFormed(text), false, false).getIds();
    int[] result = new int[ids.length];
    Arrays.setAll(result, i -> (int) ids[i]);
    return result;
  }

  @Override
  public int[] encodeTemplate(String text) {
    List<int[]> parts = new ArrayList<>();
    Matcher matcher = specialPattern.matcher(text);
    int from = 0;
    while (matcher.find()) {
      parts.add(encode(text.substring(from, matcher.start())));
      parts.add(new int[] {specialId(matcher.group()).orElseThrow()});
      from = matcher.end();
    }
    parts.add(encode(text.substring(from)));
    return parts.stream().flatMapToInt(Arrays::stream).toArray();
  }

  @Override
  public String decode(int[] ids) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int id : ids) {
      if (id < 0 || id >= tokens.length) {
        throw new ModelException("Token " + id + " is not in the model's vocabulary");
      }
      if (verbatim[id]) {
        bytes.writeBytes(tokens[id].getBytes(StandardCharsets.UTF_8));
      } else if (!control[id]) {
        ByteAlphabet.decode(tokens[id], bytes);
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** The id of a control token, or of a token that a user added, by its text. */
  Optional<Integer> specialId(String token) {
    return Optional.ofNullable(special.get(token));
  }

  /** Finds special tokens in a template. */
  Matcher specials(CharSequence template) {
    return specialPattern.matcher(template);
  }

  /** The token that ends the model's answer; -1 when the file names none. */
  int endOfTurn() {
    return endOfTurn;
  }

  /**
   * Lone surrogates have no UTF-8 form; as in Java's own encoder something else stands for them.
   */
  private static String wellFormed(String text) {
    StringBuilder repaired = null;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (!Character.isSurrogate(c)) {
        continue;
      }
      boolean pair =
          Character.isHighSurrogate(c)
              && i + 1 < text.length()
              && Character.isLowSurrogate(text.charAt(i + 1));
      if (pair) {
        i++;
      } else {
        repaired = repaired == null ? new StringBuilder(text) : repaired;
        repaired.setCharAt(i, '\ufffd');
      }
    }
    return repaired == null ? text : repaired.toString();
  }

  @Override
  public void close() {
    plain.close();
  }
}
