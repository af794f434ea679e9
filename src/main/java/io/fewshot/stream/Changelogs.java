package io.fewshot.stream;

import io.fewshot.event.Topics;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyDescription;

/**
 * The topics in which Kafka Streams keeps what the stores of our applications hold. Each has as
 * many partitions as the topics that its store is filled from, or the application does not run.
 */
public final class Changelogs {

  private Changelogs() {}

  /**
   * Each that there may be, with the topics that its store is filled from. Some stores have none.
   *
   * @param applicationIdPrefix what the ids of both applications begin with
   */
  public static Map<String, Set<String>> of(Topics topics, String applicationIdPrefix) {
    Map<String, Set<String>> sources = new LinkedHashMap<>();
    Diagrams.topologies(topics)
        .forEach((name, topology) -> sources.putAll(of(topology, applicationIdPrefix + name)));
    return sources;
  }

  private static Map<String, Set<String>> of(Topology topology, String applicationId) {
    Map<String, Set<String>> found = new LinkedHashMap<>();
    for (TopologyDescription.Subtopology part : topology.describe().subtopologies()) {
      Set<String> sources = new HashSet<>();
      Set<String> stores = new HashSet<>();
      for (TopologyDescription.Node node : part.nodes()) {
        if (node instanceof TopologyDescription.Source source && source.topicSet() != null) {
          sources.addAll(source.topicSet());
        } else if (node instanceof TopologyDescription.Processor processor) {
          stores.addAll(processor.stores());
        }
      }
      stores.forEach(store -> found.put(applicationId + "-" + store + "-changelog", sources));
    }
    return found;
  }
}
