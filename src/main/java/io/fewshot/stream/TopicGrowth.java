package io.fewshot.stream;

import io.fewshot.event.Topic;
import io.fewshot.event.TopicAdmin;
import io.fewshot.event.Topics;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Gives the topics that carry the load more partitions, and with them the topics behind the stores
 * that are filled from nothing else. What is kept by key stays where it is: see decision 0014.
 */
public final class TopicGrowth {

  private final TopicAdmin admin;
  private final Topics topics;
  private final Map<String, Set<String>> changelogs;

  /** What became of a topic. */
  public record Grown(String name, int before, int after) {}

  /**
   * @param admin not closed here
   * @param changelogs see {@link Changelogs}
   */
  public TopicGrowth(TopicAdmin admin, Topics topics, Map<String, Set<String>> changelogs) {
    this.admin = admin;
    this.topics = topics;
    this.changelogs = changelogs;
  }

  /**
   * Grows them all in one go, to the same number. Can be repeated.
   *
   * @param partitions so many, or as many as the largest of them has
   * @return each that is there, and its partitions before and after
   * @throws org.apache.kafka.common.KafkaException when the broker cannot be reached or refuses
   */
  public List<Grown> grow(int partitions) {
    List<String> growing = topics.growing().stream().map(Topic::name).toList();
    Set<String> names = new LinkedHashSet<>(growing);
    changelogs.forEach(
        (changelog, sources) -> {
          if (!sources.isEmpty() && growing.containsAll(sources)) {
            names.add(changelog);
          }
        });
    Map<String, Integer> before = admin.partitions(names);
    // What somebody grew alone takes the others along.
    int after = Math.max(partitions, before.values().stream().max(Integer::compare).orElse(0));
    admin.grow(names, after);
    List<Grown> grown = new ArrayList<>();
    for (String name : names) {
      Integer had = before.get(name);
      if (had != null) {
        grown.add(new Grown(name, had, after));
      }
    }
    return grown;
  }
}
