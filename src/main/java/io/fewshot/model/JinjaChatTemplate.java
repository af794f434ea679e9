package io.fewshot.model;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.interpret.RenderResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The template of a model's files, in Jinja. It is rendered with a mark in the place of each
 * content, once for each order of roles; contents are put in after that. So a message is data: it
 * is never read as Jinja, and never as control.
 */
final class JinjaChatTemplate implements ChatTemplate {

  /** ChatML, for files without a template whose vocabulary has its tokens. */
  private static final String CHAT_ML =
      "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
          + "{{ message['content'] }}<|im_end|>\n{{ '' }}{% endfor %}"
          + "{% if add_generation_prompt %}<|im_start|>assistant\n{{ '' }}{% endif %}";

  private static final String PLAIN =
      "{% for message in messages %}{{ message['content'] }}\n{{ '' }}{% endfor %}";

  /** Private-use characters that no template contains. */
  private static final Pattern MARK = Pattern.compile("\uE0F0(\\d+)\uE0F1");

  private static final Pattern ROLE = Pattern.compile("[a-z]+");
  private static final int MAX_FORMS = 256;

  private static final Pattern TRIM_BEFORE = Pattern.compile("\\s*(\\{[{%#])-");
  private static final Pattern TRIM_AFTER = Pattern.compile("-([}%#]\\})\\s*");

  private final Jinjava jinjava =
      new Jinjava(JinjavaConfig.newBuilder().withTrimBlocks(true).withLstripBlocks(true).build());
  private final String template;
  private final String beginning;
  private final String end;
  private final GgufTokenizer tokenizer;
  private final Map<Form, List<Piece>> forms = new ConcurrentHashMap<>();

  private record Form(List<String> roles, boolean openAnswer) {}

  /** A piece of a rendered template. */
  private sealed interface Piece {}

  private record Text(String text) implements Piece {}

  private record Control(int token, String text) implements Piece {}

  private record Content(int turn) implements Piece {}

  private JinjaChatTemplate(
      String template, String beginning, String end, GgufTokenizer tokenizer) {
    this.template = template;
    this.beginning = beginning;
    this.end = end;
    this.tokenizer = tokenizer;
  }

  static JinjaChatTemplate of(Gguf gguf, GgufTokenizer tokenizer) {
    String fallback = tokenizer.specialId("<|im_start|>").isPresent() ? CHAT_ML : PLAIN;
    String template = gguf.string("tokenizer.chat_template").orElse(fallback);
    return new JinjaChatTemplate(
        trimmed(template),
        special(gguf, "tokenizer.ggml.bos_token_id"),
        special(gguf, "tokenizer.ggml.eos_token_id"),
        tokenizer);
  }

  /** Jinja's own whitespace control, {@code {{-} and its like, which Jinjava does only in part. */
  private static String trimmed(String template) {
    String before = TRIM_BEFORE.matcher(template).replaceAll("$1");
    return TRIM_AFTER.matcher(before).replaceAll("$1");
  }

  private static String special(Gguf gguf, String key) {
    String[] tokens = gguf.strings("tokenizer.ggml.tokens").orElseGet(() -> new String[0]);
    return gguf.integer(key)
        .filter(id -> id >= 0 && id < tokens.length)
        .map(id -> tokens[id.intValue()])
        .orElse("");
  }

  @Override
  public String render(List<Turn> turns, boolean openAnswer) {
    StringBuilder text = new StringBuilder();
    for (Piece piece : pieces(turns, openAnswer)) {
      if (piece instanceof Text t) {
        text.append(t.text);
      } else if (piece instanceof Control c) {
        text.append(c.text);
      } else if (piece instanceof Content c) {
        text.append(turns.get(c.turn).content());
      }
    }
    return text.toString();
  }

  @Override
  public Tokens encode(List<Turn> turns, boolean openAnswer) {
    List<int[]> parts = new ArrayList<>();
    int[] stable = new int[turns.size()];
    int length = 0;
    int reached = 0;
    // Text between two control tokens is encoded as a whole, as it was when the model was tuned.
    StringBuilder text = new StringBuilder();
    for (Piece piece : pieces(turns, openAnswer)) {
      if (piece instanceof Text t) {
        text.append(t.text);
      } else if (piece instanceof Content c) {
        text.append(turns.get(c.turn).content());
        for (; reached <= c.turn; reached++) {
          stable[reached] = length;
        }
      } else if (piece instanceof Control c) {
        int[] ids = tokenizer.encode(text.toString());
        parts.add(ids);
        parts.add(new int[] {c.token});
        length += ids.length + 1;
        text.setLength(0);
      }
    }
    parts.add(tokenizer.encode(text.toString()));
    int[] ids = parts.stream().flatMapToInt(Arrays::stream).toArray();
    Arrays.fill(stable, reached, stable.length, ids.length);
    return new Tokens(ids, stable);
  }

  private List<Piece> pieces(List<Turn> turns, boolean openAnswer) {
    Form form = new Form(turns.stream().map(Turn::role).toList(), openAnswer);
    List<Piece> known = forms.get(form);
    if (known != null) {
      return known;
    }
    List<Piece> pieces = parse(rendered(form));
    if (forms.size() < MAX_FORMS) {
      forms.put(form, pieces);
    }
    return pieces;
  }

  private String rendered(Form form) {
    List<Map<String, String>> messages = new ArrayList<>();
    for (int turn = 0; turn < form.roles.size(); turn++) {
      String role = form.roles.get(turn);
      if (!ROLE.matcher(role).matches()) {
        throw new ModelException("A turn cannot have the role " + role);
      }
      messages.add(Map.of("role", role, "content", "\uE0F0" + turn + "\uE0F1"));
    }
    Map<String, Object> context = new HashMap<>();
    context.put("messages", messages);
    context.put("add_generation_prompt", form.openAnswer);
    context.put("bos_token", beginning);
    context.put("eos_token", end);
    RenderResult result = jinjava.renderForResult(template, context);
    if (!result.getErrors().isEmpty()) {
      throw new ModelException(
          "The model's chat template cannot be rendered: "
              + result.getErrors().get(0).getMessage());
    }
    return result.getOutput();
  }

  private List<Piece> parse(String rendered) {
    List<Piece> pieces = new ArrayList<>();
    Matcher marks = MARK.matcher(rendered);
    int from = 0;
    while (marks.find()) {
      addTemplate(pieces, rendered.substring(from, marks.start()));
      pieces.add(new Content(Integer.parseInt(marks.group(1))));
      from = marks.end();
    }
    addTemplate(pieces, rendered.substring(from));
    return List.copyOf(pieces);
  }

  private void addTemplate(List<Piece> pieces, String text) {
    Matcher specials = tokenizer.specials(text);
    int from = 0;
    while (specials.find()) {
      pieces.add(new Text(text.substring(from, specials.start())));
      String token = specials.group();
      pieces.add(new Control(tokenizer.specialId(token).orElseThrow(), token));
      from = specials.end();
    }
    pieces.add(new Text(text.substring(from)));
  }
}
