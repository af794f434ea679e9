package io.fewshot.model;

import io.fewshot.model.Decoder.Next;
import io.fewshot.model.Decoder.Past;
import io.fewshot.model.Decoder.Sequence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Greedy generation: prompts first, then one token at a time for all sequences together, each with
 * its own keys and values. May be used by several threads at once.
 */
final class Generator {

  /** Sequences that go on at the same time; each holds its keys and values. */
  private static final int MAX_SEQUENCES = 16;

  private final Steps steps;
  private final GgufTokenizer tokenizer;
  private final PrefixCache prefixes;

  /** One pass: the likeliest token after each sequence's last. */
  @FunctionalInterface
  interface Steps {
    List<Next> next(List<Sequence> sequences);
  }

  Generator(Steps steps, GgufTokenizer tokenizer, PrefixCache prefixes) {
    this.steps = steps;
    this.tokenizer = tokenizer;
    this.prefixes = prefixes;
  }

  /** The same, with as many sequences in each lane. */
  List<Generated> generate(List<Generation> requests, Lanes lanes) {
    int each = Math.max(1, (requests.size() + lanes.count() - 1) / lanes.count());
    List<List<Generation>> parts = new ArrayList<>();
    for (int from = 0; from < requests.size(); from += each) {
      parts.add(requests.subList(from, Math.min(from + each, requests.size())));
    }
    return lanes.run(parts, this::generate).stream().flatMap(List::stream).toList();
  }

  List<Generated> generate(List<Generation> requests) {
    List<Answer> answers = requests.stream().map(Answer::new).toList();
    for (int from = 0; from < answers.size(); from += MAX_SEQUENCES) {
      List<Answer> active =
          new ArrayList<>(answers.subList(from, Math.min(from + MAX_SEQUENCES, answers.size())));
      try {
        active.removeIf(answer -> answer.request.maxTokens() <= 0);
        active.forEach(this::start);
        active.removeIf(Answer::ended);
        while (!active.isEmpty()) {
          step(active);
          active.removeIf(Answer::ended);
        }
      } finally {
        active.forEach(Answer::release);
      }
    }
    return answers.stream().map(Answer::result).toList();
  }

  /** A prompt by itself: prompts are long enough to fill a pass, and this bounds its memory. */
  private void start(Answer answer) {
    int[] prompt = answer.request.prompt();
    int cached = TorchLanguageModel.cached(answer.request.shared(), prompt);
    int[] own = Arrays.copyOfRange(prompt, cached, prompt.length);
    Sequence sequence = new Sequence(TokenTree.plain(cached, own), prefixes.front(prompt, cached));
    answer.take(steps.next(List.of(sequence)).get(0));
  }

  private void step(List<Answer> active) {
    List<Sequence> sequences = active.stream().map(Answer::sequence).toList();
    List<Next> next = steps.next(sequences);
    for (int i = 0; i < next.size(); i++) {
      active.get(i).take(next.get(i));
    }
  }

  /** An answer in the making; owns its keys and values. */
  private final class Answer {
    final Generation request;
    private final List<Integer> tokens = new ArrayList<>();
    private final List<Double> logProbabilities = new ArrayList<>();
    private @Nullable Past past;
    private String text = "";
    private boolean finished;

    Answer(Generation request) {
      this.request = request;
    }

    Sequence sequence() {
      int length = past == null ? 0 : past.length();
      return new Sequence(TokenTree.plain(length, new int[] {tokens.get(tokens.size() - 1)}), past);
    }

    void take(Next next) {
      release();
      past = next.past();
      logProbabilities.add(next.logProbability());
      if (next.token() == tokenizer.endOfTurn()) {
        finished = true;
      } else {
        tokens.add(next.token());
        text = tokenizer.decode(ids());
        int stop = firstStop();
        if (stop >= 0) {
          text = text.substring(0, stop);
          finished = true;
        }
      }
      if (ended()) {
        release();
      }
    }

    private int firstStop() {
      int first = -1;
      for (String stop : request.stops()) {
        int at = stop.isEmpty() ? -1 : text.indexOf(stop);
        first = at >= 0 && (first < 0 || at < first) ? at : first;
      }
      return first;
    }

    boolean ended() {
      return finished || tokens.size() >= request.maxTokens();
    }

    void release() {
      if (past != null) {
        past.close();
        past = null;
      }
    }

    private int[] ids() {
      return tokens.stream().mapToInt(Integer::intValue).toArray();
    }

    Generated result() {
      double[] values = logProbabilities.stream().mapToDouble(Double::doubleValue).toArray();
      return new Generated(text, ids(), values, finished);
    }
  }
}
