package io.fewshot.stream;

/** Sentences about what people want, all different. */
final class WishSentences {

  private static final String[] THINGS = {
    "parcel",
    "invoice",
    "password",
    "phone",
    "lamp",
    "garden chair",
    "holiday",
    "dentist",
    "piano lesson",
    "gym card",
    "passport",
    "car tyre",
    "birthday cake",
    "football ticket",
    "printer",
    "bank card",
    "winter coat",
    "library book",
    "train ride",
    "hotel room",
    "loan",
    "insurance",
    "broken window",
    "heating",
    "cat food",
    "tax form",
    "wedding dress",
    "bicycle",
    "camera",
    "coffee machine"
  };
  private static final String[] VERBS = {
    "return", "pay for", "cancel", "ask about", "complain about"
  };
  private static final String[] NAMES = {"Anna", "Peter", "Maria", "John"};

  /** All that there are. */
  static final int COUNT = THINGS.length * VERBS.length * NAMES.length;

  private WishSentences() {}

  static String name(int i) {
    return NAMES[i % NAMES.length];
  }

  static String sentence(int i) {
    int wish = i / NAMES.length;
    return "%s wants to %s the %s"
        .formatted(name(i), VERBS[wish % VERBS.length], THINGS[wish / VERBS.length]);
  }
}
