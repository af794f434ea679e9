package io.fewshot.stream;

import io.fewshot.ladder.Answerer.NotReadyException;
import io.fewshot.memory.Embedding;
import io.fewshot.prompt.Language;
import io.fewshot.stream.BatchComputation.Outcome;
import java.util.Collection;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Encodes texts so that an encoder that does not load or fails costs no text: who asks is told to
 * wait, and the encoder is tried again after a pause that grows. When a text that is known to be
 * good can be encoded and another cannot, that one is at fault. Safe for use by several threads.
 */
final class PatientEncoder {

  private static final long FIRST_PAUSE_MILLIS = 500;
  private static final long LONGEST_PAUSE_MILLIS = 15_000;

  private final TextEncoder encoder;

  /** An encoder keeps its name, so it is asked once. */
  private final Map<Language, String> names = new ConcurrentHashMap<>();

  // Guarded by itself.
  private final Map<Language, Pause> pauses = new EnumMap<>(Language.class);

  private record Pause(long until, long millis, NotReadyException why) {}

  /**
   * A text to encode.
   *
   * @param language never {@link Language#AUTO}
   */
  record Wanted(Language language, String text) {

    static Wanted of(Language language, String text) {
      return new Wanted(language.of(text), text);
    }
  }

  PatientEncoder(TextEncoder encoder) {
    this.encoder = encoder;
  }

  /**
   * The name of the encoder of a text.
   *
   * @param now milliseconds since the epoch
   * @throws NotReadyException when it cannot be had now
   */
  String name(Wanted wanted, long now) {
    Language language = wanted.language();
    String known = names.get(language);
    if (known != null) {
      return known;
    }
    NotReadyException why = pause(language, now);
    if (why != null) {
      throw why;
    }
    try {
      String name = encoder.name(language, wanted.text());
      names.put(language, name);
      return name;
    } catch (RuntimeException | OutOfMemoryError | StackOverflowError | LinkageError e) {
      NotReadyException notReady = new NotReadyException("the encoder cannot be had: " + e);
      failed(language, notReady, now);
      throw notReady;
    }
  }

  /**
   * What becomes of each text; throws nothing.
   *
   * @param now milliseconds since the epoch
   */
  Map<Wanted, Outcome<Embedding>> encode(Collection<Wanted> texts, long now) {
    Map<Wanted, Outcome<Embedding>> outcomes = new HashMap<>();
    new LinkedHashSet<>(texts)
        .stream()
            .collect(Collectors.groupingBy(Wanted::language, TreeMap::new, Collectors.toList()))
            .forEach((language, wanted) -> encode(language, wanted, outcomes, now));
    return outcomes;
  }

  private void encode(
      Language language, List<Wanted> wanted, Map<Wanted, Outcome<Embedding>> outcomes, long now) {
    NotReadyException paused = pause(language, now);
    if (paused != null) {
      wanted.forEach(each -> outcomes.put(each, new Outcome.NotReady<>(paused)));
      return;
    }
    List<Outcome<Embedding>> computed =
        new BatchComputation<String, Embedding>(
                texts -> embeddings(language, texts),
                () -> embeddings(language, List.of(Probe.TEXT)))
            .run(wanted.stream().map(Wanted::text).toList());
    boolean any = false;
    for (int i = 0; i < computed.size(); i++) {
      outcomes.put(wanted.get(i), computed.get(i));
      if (computed.get(i) instanceof Outcome.NotReady<Embedding> notReady) {
        failed(language, notReady.why(), now);
      } else {
        any = true;
      }
    }
    if (any) {
      synchronized (pauses) {
        pauses.remove(language);
      }
    }
  }

  /** A vector that is no number would make every comparison with it one. */
  private List<Embedding> embeddings(Language language, List<String> texts) {
    List<Embedding> embeddings = encoder.encode(language, texts);
    if (embeddings.size() != texts.size()) {
      throw new IllegalStateException(
          "%d vectors for %d texts".formatted(embeddings.size(), texts.size()));
    }
    for (Embedding embedding : embeddings) {
      for (float value : embedding.vector()) {
        if (!Float.isFinite(value)) {
          throw new IllegalStateException("the vector is not finite");
        }
      }
    }
    return embeddings;
  }

  private @Nullable NotReadyException pause(Language language, long now) {
    synchronized (pauses) {
      Pause pause = pauses.get(language);
      return pause == null || now >= pause.until() ? null : pause.why();
    }
  }

  private void failed(Language language, NotReadyException why, long now) {
    synchronized (pauses) {
      Pause before = pauses.get(language);
      if (before != null && now < before.until()) {
        return;
      }
      long millis =
          before == null ? FIRST_PAUSE_MILLIS : Math.min(LONGEST_PAUSE_MILLIS, 2 * before.millis());
      pauses.put(language, new Pause(now + millis, millis, why));
    }
  }
}
