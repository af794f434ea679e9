package io.fewshot.prompt;

import io.fewshot.model.ChatTemplate;
import io.fewshot.model.ChatTemplate.Turn;
import io.fewshot.model.LanguageModel;
import io.fewshot.model.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.Stream;

/**
 * Puts task, examples and message together for one model, within a number of tokens. Safe for use
 * by several threads.
 *
 * <p>To choose among candidates, the prompt is plain text to be completed, one line for each
 * message and answer; to write an answer, it is a conversation in the model's chat template. In
 * both the task's part stands first, alike for all its messages, and the nearest example last,
 * since what is nearest to the answer weighs most. What the message says is text: it can open no
 * line and no turn of its own.
 */
public final class PromptBuilder {

  /** How long a prompt may get unless told otherwise: attention and patience are limited. */
  public static final int DEFAULT_BUDGET = 1024;

  private static final int MAX_SHOT_TOKENS = 128;

  /** What a task's own words may take of the budget. */
  private static final double MAX_INSTRUCTION = 0.5;

  private final Tokenizer tokenizer;
  private final ChatTemplate chat;
  private final Shortener shortener;
  private final int budget;

  /**
   * @param budget longest prompt with its answer, in tokens; no more than the model's context is
   *     used
   */
  public PromptBuilder(LanguageModel model, int budget) {
    this(model.tokenizer(), model.chatTemplate(), Math.min(budget, model.contextLength()));
  }

  PromptBuilder(Tokenizer tokenizer, ChatTemplate chat, int budget) {
    if (budget < 32) {
      throw new IllegalArgumentException(
          "A prompt needs at least 32 tokens; the budget is " + budget);
    }
    this.tokenizer = tokenizer;
    this.chat = chat;
    this.shortener = new Shortener(tokenizer);
    this.budget = budget;
  }

  /**
   * A prompt that ends where one of the candidates follows.
   *
   * @param shots nearest first; the farthest are left out when not all fit
   */
  public Prompt choose(
      TaskDefinition task, List<Shot> shots, String message, List<String> candidates) {
    Wording wording = Wording.of(task);
    List<int[]> answers = candidates.stream().map(this::answer).toList();
    int longest = answers.stream().mapToInt(answer -> answer.length).max().orElse(0);

    int[] front = front(task, (int) (budget * MAX_INSTRUCTION));
    int[] opening = tokenizer.encode(wording.message() + " ");
    int[] closing = tokenizer.encode("\n" + wording.answer());
    int frame = opening.length + closing.length;
    int room = budget - longest - front.length - frame;
    Shortener.Cut said = shortener.cut(oneLine(message), Math.max(1, room));
    int left = room - said.ids().length;

    List<int[]> rendered = new ArrayList<>();
    List<Shot> used = new ArrayList<>();
    for (Shot shot : distinct(shots)) {
      int[] input = shortener.cut(oneLine(shot.input()), MAX_SHOT_TOKENS).ids();
      int[] whole = joined(opening, input, closing, answer(shot.output()));
      if (whole.length > left) {
        break;
      }
      left -= whole.length;
      rendered.add(whole);
      used.add(shot);
    }
    Collections.reverse(rendered);
    int[] ids =
        joined(
            Stream.of(Stream.of(front), rendered.stream(), Stream.of(opening, said.ids(), closing))
                .flatMap(part -> part)
                .toArray(int[][]::new));
    return new Prompt(ids, front.length, answers, said.shortened(), used);
  }

  /**
   * A conversation that ends where the model's answer begins.
   *
   * @param shots nearest first; the farthest are left out when not all fit
   * @param answerTokens room that the answer needs
   */
  public Prompt write(TaskDefinition task, List<Shot> shots, String message, int answerTokens) {
    int room = Math.max(32, budget - answerTokens);
    String instruction =
        shortener.cut(task.instruction(), (int) (room * MAX_INSTRUCTION)).text(task.instruction());
    int bare = conversation(instruction, List.of(), "").ids().length;
    Shortener.Cut cut = shortener.cut(message, Math.max(1, room - bare));
    String said = cut.text(message);
    List<Shot> used = new ArrayList<>();
    ChatTemplate.Tokens tokens = conversation(instruction, used, said);
    for (Shot shot : distinct(shots)) {
      List<Shot> more = new ArrayList<>(used);
      Shortener.Cut input = shortener.cut(shot.input(), MAX_SHOT_TOKENS);
      more.add(new Shot(shot.id(), input.text(shot.input()), shot.output()));
      ChatTemplate.Tokens longer = conversation(instruction, more, said);
      if (longer.ids().length > room) {
        break;
      }
      used = more;
      tokens = longer;
    }
    int shared = tokens.stable().length > 1 ? tokens.stable()[1] : 0;
    return new Prompt(tokens.ids(), shared, List.of(), cut.shortened(), used);
  }

  /** What all prompts of the task begin with. */
  private int[] front(TaskDefinition task, int most) {
    StringBuilder text = new StringBuilder(task.instruction().strip());
    boolean described = task.labels().values().stream().anyMatch(words -> !words.isBlank());
    if (described) {
      task.labels()
          .forEach(
              (label, words) ->
                  text.append("\n- ").append(spoken(label)).append(": ").append(oneLine(words)));
    }
    int[] ids = tokenizer.encode(text + "\n\n");
    if (ids.length <= most) {
      return ids;
    }
    int[] instruction = tokenizer.encode(task.instruction().strip() + "\n\n");
    return instruction.length <= most ? instruction : Arrays.copyOf(instruction, most);
  }

  private ChatTemplate.Tokens conversation(String instruction, List<Shot> shots, String message) {
    List<Turn> turns = new ArrayList<>();
    turns.add(new Turn("system", instruction));
    for (int i = shots.size() - 1; i >= 0; i--) {
      turns.add(new Turn("user", shots.get(i).input()));
      turns.add(new Turn("assistant", shots.get(i).output()));
    }
    turns.add(new Turn("user", message));
    return chat.encode(turns, true);
  }

  /** The end belongs to an answer: without it, one that begins another would always win. */
  private int[] answer(String output) {
    return joined(tokenizer.encode(" " + spoken(output)), tokenizer.encode("\n\n"));
  }

  /** A label as people would write it, which is what the model has read. */
  public static String spoken(String label) {
    return oneLine(label.replace('_', ' '));
  }

  private static String oneLine(String text) {
    return text.strip().replaceAll("\\s*\\R\\s*", " ");
  }

  private static List<Shot> distinct(List<Shot> shots) {
    record Said(String input, String output) {}
    LinkedHashSet<Said> seen = new LinkedHashSet<>();
    return shots.stream().filter(s -> seen.add(new Said(s.input(), s.output()))).toList();
  }

  private static int[] joined(int[]... parts) {
    return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
  }
}
