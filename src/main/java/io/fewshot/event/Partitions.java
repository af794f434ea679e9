package io.fewshot.event;

import io.fewshot.event.TopicAdmin.Difference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Which numbers of partitions fit together, given those that there are, by topic. Topics that are
 * not there are passed over.
 *
 * @param found topic name to its number of partitions
 */
record Partitions(Map<String, Integer> found) {

  /**
   * How they differ from what they should be. Topics that grew together, and those that keep the
   * number that they were made with, are as they should be whatever the settings say now.
   */
  List<Difference> differences(Topics topics) {
    List<Difference> differences = new ArrayList<>();
    for (Topic topic : topics.all()) {
      Integer count = found.get(topic.name());
      if (count != null
          && count != topic.partitions()
          && !grewTogether(topics, topic)
          && !fitsItsGroup(topics, topic)) {
        differences.add(difference(topic.name(), topic.partitions(), count));
      }
    }
    return differences;
  }

  private boolean grewTogether(Topics topics, Topic topic) {
    return topics.growing().contains(topic)
        && found.getOrDefault(topic.name(), 0) > topic.partitions()
        && areEqual(topics.growing());
  }

  private boolean fitsItsGroup(Topics topics, Topic topic) {
    return topics.joined().stream().anyMatch(group -> group.contains(topic) && areEqual(group));
  }

  private boolean areEqual(List<Topic> group) {
    return group.stream()
            .map(topic -> found.get(topic.name()))
            .filter(Objects::nonNull)
            .distinct()
            .count()
        <= 1;
  }

  /**
   * How the topics behind the stores differ from those that their records come from.
   *
   * @param sources changelog to the topics that its store is filled from
   */
  List<Difference> differences(Map<String, Set<String>> sources) {
    List<Difference> differences = new ArrayList<>();
    sources.forEach(
        (changelog, topics) -> {
          Integer count = found.get(changelog);
          int wanted = most(topics);
          if (count != null && wanted > 0 && count != wanted) {
            differences.add(difference(changelog, wanted, count));
          }
        });
    return differences;
  }

  private int most(Set<String> topics) {
    return topics.stream()
        .flatMapToInt(
            topic -> found.containsKey(topic) ? IntStream.of(found.get(topic)) : IntStream.empty())
        .max()
        .orElse(0);
  }

  private static Difference difference(String topic, int wanted, int found) {
    return new Difference(
        topic, TopicAdmin.PARTITIONS, Integer.toString(wanted), Integer.toString(found));
  }
}
