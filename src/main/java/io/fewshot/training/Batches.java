package io.fewshot.training;

import io.fewshot.model.TuningSample;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

/** The examples of each step, drawn anew for each epoch. */
final class Batches {

  /** Steps whose examples are sorted by length together. */
  private static final int SORTED_STEPS = 8;

  private final List<TuningSample> samples;
  private final int batch;
  private final double dropout;
  private final int closing;
  private final Random random;

  /**
   * @param batch examples of a step
   * @param dropout share of a message's tokens that are left out, each time others
   * @param closing tokens at a message's end that always stay
   */
  Batches(List<TuningSample> samples, int batch, double dropout, int closing, long seed) {
    this.samples = samples;
    this.batch = batch;
    this.dropout = dropout;
    this.closing = closing;
    this.random = new Random(seed);
  }

  /** The steps of another epoch. */
  List<List<TuningSample>> next() {
    return inSteps(samples.stream().map(this::thinned).toList()).stream()
        .map(Batches::normalized)
        .toList();
  }

  /**
   * A classifier's message with some of its tokens left out, so that none is relied on alone; the
   * prompt's end stays.
   */
  private TuningSample thinned(TuningSample sample) {
    int[] tokens = sample.tokens();
    int last = tokens.length - 1;
    if (dropout == 0 || sample.rows().length != 1 || sample.rows()[0] != last) {
      return sample;
    }
    int[] kept =
        IntStream.range(0, tokens.length)
            .filter(i -> i == 0 || i > last - closing || random.nextDouble() >= dropout)
            .map(i -> tokens[i])
            .toArray();
    return new TuningSample(
        kept, new int[] {kept.length - 1}, sample.targets(), sample.weight(), sample.shares());
  }

  /** In random order, except that a step's examples are of similar length. */
  private List<List<TuningSample>> inSteps(List<TuningSample> varied) {
    List<TuningSample> shuffled = new ArrayList<>(varied);
    Collections.shuffle(shuffled, random);
    List<List<TuningSample>> batches = new ArrayList<>();
    int pool = SORTED_STEPS * batch;
    for (int from = 0; from < shuffled.size(); from += pool) {
      List<TuningSample> sorted =
          new ArrayList<>(shuffled.subList(from, Math.min(shuffled.size(), from + pool)));
      sorted.sort(Comparator.comparingInt(sample -> sample.tokens().length));
      for (int at = 0; at < sorted.size(); at += batch) {
        batches.add(List.copyOf(sorted.subList(at, Math.min(sorted.size(), at + batch))));
      }
    }
    Collections.shuffle(batches, random);
    return batches;
  }

  /** Weights that sum to the batch's mean weight: each prediction of the batch counts alike. */
  private static List<TuningSample> normalized(List<TuningSample> batch) {
    int predictions = batch.stream().mapToInt(sample -> sample.rows().length).sum();
    return batch.stream().map(sample -> sample.withWeight(sample.weight() / predictions)).toList();
  }
}
