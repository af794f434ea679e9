package io.fewshot.model;

import java.util.List;

/**
 * A trained change to a language model, and for a classifier the head on its last hidden state.
 * Compared by identity: a version is one object.
 */
public final class LoraAdapter {

  private final String version;
  private final LoraConfig config;
  private final float[] values;
  private final List<String> labels;
  private final float[] head;

  /**
   * @param values as {@link LoraLayout} has them; not to be changed
   * @param labels of a classifier; empty for one that writes
   * @param head {@code [labels][width]}; not to be changed
   */
  public LoraAdapter(
      String version, LoraConfig config, float[] values, List<String> labels, float[] head) {
    this.version = version;
    this.config = config;
    this.values = values;
    this.labels = List.copyOf(labels);
    this.head = head;
  }

  public String version() {
    return version;
  }

  public LoraConfig config() {
    return config;
  }

  /** Not to be changed. */
  public float[] values() {
    return values;
  }

  public List<String> labels() {
    return labels;
  }

  /** Not to be changed. */
  public float[] head() {
    return head;
  }

  /** The same under another version. */
  public LoraAdapter as(String other) {
    return new LoraAdapter(other, config, values, labels, head);
  }
}
