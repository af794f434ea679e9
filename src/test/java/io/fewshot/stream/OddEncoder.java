package io.fewshot.stream;

import io.fewshot.memory.Embedding;
import io.fewshot.prompt.Language;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** An encoder that can be made to fail: for every text, or for those with the word poison. */
final class OddEncoder implements TextEncoder {

  final List<String> texts = new ArrayList<>();
  volatile @Nullable Supplier<Throwable> fault;
  int calls;

  @Override
  public List<Embedding> encode(Language language, List<String> batch) {
    calls++;
    fail();
    if (batch.stream().anyMatch(text -> text.contains("poison"))) {
      throw new IllegalArgumentException("poison");
    }
    texts.addAll(batch);
    return batch.stream().map(text -> new Embedding("odd", new float[] {1, 0})).toList();
  }

  @Override
  public String name(Language language, String text) {
    fail();
    return "odd";
  }

  private void fail() {
    Supplier<Throwable> current = fault;
    if (current != null) {
      Throwable thrown = current.get();
      if (thrown instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) thrown;
    }
  }
}
