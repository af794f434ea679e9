package io.fewshot.stream;

/**
 * Draws the messages that people check whatever the answer was: only such a sample says how often
 * accepted answers are right.
 *
 * <p>The draw depends on the message's position alone, so it is made before the answer, no text can
 * steer it, and processing a message again draws the same.
 */
final class Audit {

  private Audit() {}

  static boolean draws(RawRecord raw, double share) {
    long position = raw.offset() * 31L + raw.partition();
    return (mix(position + 0x9e3779b97f4a7c15L) >>> 11) * 0x1.0p-53 < share;
  }

  /** The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
