package io.fewshot.memory;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What one task's memory holds for one message. Hits are searched when first asked for and kept, so
 * that a vote and a choice of examples share one search. Belongs to one thread.
 */
public final class Lookup {

  // Deep enough for a vote and for a prompt after duplicates are gone; a deeper search costs little
  // more.
  private static final int MIN_DEPTH = 64;

  private final TaskMemory memory;
  private final String text;
  private final Embedding embedding;
  private final Predicate<StoredExample> eligible;

  private @Nullable Hits byEmbedding;
  private @Nullable Hits byWords;

  /** The best {@code depth} hits, or all when there are fewer. */
  private record Hits(int depth, List<Neighbour> ranked) {

    List<Neighbour> first(int k) {
      return ranked.size() <= k ? ranked : ranked.subList(0, k);
    }

    boolean reaches(int k) {
      return k <= depth || ranked.size() < depth;
    }
  }

  Lookup(TaskMemory memory, String text, Embedding embedding, Predicate<StoredExample> eligible) {
    this.memory = memory;
    this.text = text;
    this.embedding = embedding;
    this.eligible = eligible;
  }

  /**
   * Finds the {@code k} nearest by cosine for several messages in one go, so that memory is read
   * once; each then has them.
   */
  public static void findNearest(List<Lookup> lookups, int k) {
    record Place(TaskMemory memory, String encoder) {}
    int depth = Math.max(k, MIN_DEPTH);
    Map<Place, List<Lookup>> together =
        lookups.stream()
            .filter(each -> each.byEmbedding == null || !each.byEmbedding.reaches(k))
            .collect(
                Collectors.groupingBy(each -> new Place(each.memory, each.embedding.encoder())));
    together.forEach(
        (place, group) -> {
          List<List<Neighbour>> found =
              place.memory.nearest(
                  place.encoder,
                  group.stream().map(each -> each.embedding.vector()).toList(),
                  depth,
                  group.stream().map(each -> each.eligible).toList());
          for (int i = 0; i < found.size(); i++) {
            group.get(i).byEmbedding = new Hits(depth, found.get(i));
          }
        });
  }

  /** The {@code k} nearest by cosine, nearest first, near duplicates included. */
  public List<Neighbour> byEmbedding(int k) {
    findNearest(List.of(this), k);
    return Objects.requireNonNull(byEmbedding).first(k);
  }

  /**
   * The vectors of what {@link #byEmbedding} finds for each of several messages; in one go, since
   * one after the other takes longer than to search them. Not to be changed.
   */
  public static List<List<float[]>> vectors(List<Lookup> lookups, int k) {
    findNearest(lookups, k);
    Map<TaskMemory, List<Lookup>> together =
        lookups.stream().collect(Collectors.groupingBy(each -> each.memory));
    Map<Lookup, List<float[]>> found = new IdentityHashMap<>();
    together.forEach(
        (memory, group) -> {
          List<StoredExample> examples = new ArrayList<>();
          for (Lookup each : group) {
            each.byEmbedding(k).forEach(neighbour -> examples.add(neighbour.example()));
          }
          List<float[]> vectors = memory.vectors(examples);
          int from = 0;
          for (Lookup each : group) {
            int to = from + each.byEmbedding(k).size();
            found.put(each, vectors.subList(from, to));
            from = to;
          }
        });
    return lookups.stream().map(each -> Objects.requireNonNull(found.get(each))).toList();
  }

  /** The {@code k} best by BM25, best first, near duplicates included. */
  public List<Neighbour> byWords(int k) {
    Hits hits = byWords;
    if (hits == null || !hits.reaches(k)) {
      int depth = Math.max(k, MIN_DEPTH);
      hits = new Hits(depth, memory.matching(text, depth, eligible));
      byWords = hits;
    }
    return hits.first(k);
  }

  /** All eligible examples, in no particular order. */
  List<StoredExample> all() {
    return memory.examples().stream().filter(eligible).toList();
  }

  String text() {
    return text;
  }
}
