package io.fewshot.memory;

import java.lang.management.ManagementFactory;
import java.time.Instant;
import java.util.Locale;
import java.util.Random;

/**
 * Measures by hand what an example takes of the heap, beside the characters of its text: {@code
 * examples...}. With {@code full} before the number, in a memory with the limit of the heap.
 */
final class MemorySizeMain {

  private static final int DIMENSION = 384;
  private static final int VOCABULARY = 5000;

  private final Random random = new Random(2);
  private final String[] words = new String[VOCABULARY];
  private long characters;

  private MemorySizeMain() {
    for (int i = 0; i < VOCABULARY; i++) {
      words[i] = Integer.toString(random.nextInt(1 << 30), 36);
    }
  }

  public static void main(String[] arguments) {
    boolean full = arguments[0].equals("full");
    for (int i = full ? 1 : 0; i < arguments.length; i++) {
      new MemorySizeMain()
          .measure(Integer.parseInt(arguments[i]), full ? ExampleMemory.standardLimit() : 1L << 40);
    }
  }

  private void measure(int count, long limit) {
    try (ExampleMemory memory = new ExampleMemory(limit)) {
      // What the first example brings along is not its own.
      memory.put(example(0));
      memory.clear();
      characters = 0;
      long before = used();
      for (int i = 0; i < count; i++) {
        memory.put(example(i));
      }
      double each = (used() - before) / (double) memory.size();
      double text = characters / (double) count;
      System.out.printf(
          Locale.ROOT,
          "held %d left %d bytes %.0f estimated %.0f%n",
          memory.size(),
          memory.leftOut(),
          each - text,
          (double) memory.used() / memory.size() - text);
    }
  }

  /** Some sixty characters; a few words are in most texts, most words in few, as in a language. */
  private StoredExample example(int i) {
    StringBuilder text = new StringBuilder();
    while (text.length() < 55) {
      text.append(words[(int) (VOCABULARY * Math.pow(random.nextDouble(), 2.5))]).append(' ');
    }
    String input = text.toString();
    characters += input.length();
    float[] vector = new float[DIMENSION];
    for (int d = 0; d < DIMENSION; d++) {
      vector[d] = (float) (random.nextGaussian() / Math.sqrt(DIMENSION));
    }
    // Strings of their own, as they come out of a record.
    return new StoredExample(
        new String("task"),
        "example-" + i,
        input,
        "label_" + random.nextInt(77),
        Instant.ofEpochSecond(i),
        new String("encoder"),
        vector);
  }

  private static long used() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }
}
