package io.fewshot.ladder;

import io.fewshot.memory.Embedding;
import io.fewshot.memory.Lookup;
import io.fewshot.memory.Neighbour;
import io.fewshot.prompt.Rung;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The nearest examples, and the labels' own names as if they were examples, vote for their labels.
 * Also chooses the candidates for the rungs above.
 */
final class NeighbourRung implements RungScorer {

  /** What is farther adds nothing that can be measured; the cost grows with the square. */
  private static final int NEAREST = 64;

  private static final int NEAREST_NAMES = 16;

  /**
   * Messages that are searched and voted on in one go; the vectors of each take 96 KB meanwhile.
   */
  private static final int TOGETHER = 64;

  /** As many as a prompt can weigh in one go. */
  private static final int MAX_CANDIDATES = 12;

  /** Keeps the logarithm finite, and a label without a vote possible. */
  private static final double FLOOR = 0.03;

  @Override
  public Rung rung() {
    return Rung.NEIGHBOURS;
  }

  @Override
  public void score(List<Case> cases) {
    for (int from = 0; from < cases.size(); from += TOGETHER) {
      List<Case> some = cases.subList(from, Math.min(cases.size(), from + TOGETHER));
      List<List<float[]>> near = Lookup.vectors(some.stream().map(Case::lookup).toList(), NEAREST);
      for (int i = 0; i < near.size(); i++) {
        score(some.get(i), near.get(i));
      }
    }
  }

  private static void score(Case item, List<float[]> near) {
    List<float[]> points = new ArrayList<>(near);
    List<String> labelOf = new ArrayList<>();
    List<Double> cosines = new ArrayList<>();
    for (Neighbour neighbour : item.lookup().byEmbedding(NEAREST)) {
      labelOf.add(neighbour.example().output());
      cosines.add(neighbour.similarity());
    }
    Map<String, Double> names = names(item, points, labelOf, cosines);
    double[] similarities = cosines.stream().mapToDouble(Double::doubleValue).toArray();
    double[] weights = KernelRegression.weights(points, similarities);

    Map<String, Double> votes = new HashMap<>();
    Map<String, Double> nearest = new HashMap<>();
    for (int i = 0; i < weights.length; i++) {
      votes.merge(labelOf.get(i), weights[i], Double::sum);
      nearest.merge(labelOf.get(i), similarities[i], Math::max);
    }
    item.similarity(nearest.values().stream().mapToDouble(x -> x).max().orElse(-1));
    item.candidates(candidates(item, votes, nearest, names));
  }

  /**
   * Adds the names nearest to the message to the points.
   *
   * @return the cosine of each label's name
   */
  private static Map<String, Double> names(
      Case item, List<float[]> points, List<String> labelOf, List<Double> cosines) {
    List<float[]> vectors = item.labels().vectors();
    Map<String, Double> names = new HashMap<>();
    if (vectors == null || vectors.isEmpty() || vectors.get(0).length != item.vector().length) {
      return names;
    }
    List<String> labels = item.labels().names();
    double[] cosine = vectors.stream().mapToDouble(v -> Embedding.dot(v, item.vector())).toArray();
    for (int i = 0; i < cosine.length; i++) {
      names.put(labels.get(i), cosine[i]);
    }
    IntStream.range(0, cosine.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -cosine[i]))
        .limit(NEAREST_NAMES)
        .forEach(
            i -> {
              points.add(vectors.get(i));
              labelOf.add(labels.get(i));
              cosines.add(cosine[i]);
            });
    return names;
  }

  private static List<Candidate> candidates(
      Case item,
      Map<String, Double> votes,
      Map<String, Double> nearest,
      Map<String, Double> names) {
    Set<String> possible = new LinkedHashSet<>(votes.keySet());
    List<String> labels = item.labels().names();
    if (labels.size() <= MAX_CANDIDATES) {
      possible.addAll(labels);
    }
    possible.retainAll(item.labels().set());
    double farthest = nearest.values().stream().mapToDouble(x -> x).min().orElse(0);
    List<Candidate> candidates = new ArrayList<>();
    for (String label : possible) {
      Candidate candidate = new Candidate(label);
      double vote = Math.max(0, votes.getOrDefault(label, 0.0));
      candidate.set(Feature.REGRESSION, Math.log(vote + FLOOR));
      // A label without any point nearby is at most as near as the farthest that was looked at.
      candidate.set(Feature.SIMILARITY, nearest.getOrDefault(label, farthest) - item.similarity());
      candidate.set(Feature.NAME, names.getOrDefault(label, 0.0));
      candidates.add(candidate);
    }
    candidates.sort(
        Comparator.comparingDouble((Candidate c) -> -c.get(Feature.REGRESSION))
            .thenComparing(c -> -c.get(Feature.SIMILARITY))
            .thenComparing(Candidate::label));
    List<Candidate> best = candidates.stream().limit(MAX_CANDIDATES).toList();
    double nearestName = best.stream().mapToDouble(c -> c.get(Feature.NAME)).max().orElse(0);
    best.forEach(c -> c.set(Feature.NAME, c.get(Feature.NAME) - nearestName));
    return best;
  }
}
