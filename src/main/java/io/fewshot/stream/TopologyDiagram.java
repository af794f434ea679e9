package io.fewshot.stream;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.TopologyDescription;

/**
 * A topology as a graph to be drawn, taken from {@link Topology#describe()}: nodes are topics,
 * processors and stores.
 *
 * @param nodes in the order of the flow
 */
record TopologyDiagram(List<Node> nodes, List<Edge> edges) {

  /** What a node is. */
  enum Shape {
    TOPIC,
    PROCESSOR,
    STORE,
    /** A store that every instance holds in full. */
    GLOBAL_STORE
  }

  record Node(String id, String label, Shape shape) {}

  /** An arrow; between a processor and its store it has no direction worth drawing. */
  record Edge(String from, String to, boolean store) {}

  static TopologyDiagram of(Topology topology) {
    Builder builder = new Builder();
    TopologyDescription description = topology.describe();
    sorted(description.subtopologies(), TopologyDescription.Subtopology::id)
        .forEach(subtopology -> builder.add(subtopology.nodes()));
    sorted(description.globalStores(), TopologyDescription.GlobalStore::id).forEach(builder::add);
    return new TopologyDiagram(List.copyOf(builder.nodes.values()), List.copyOf(builder.edges));
  }

  /** A Mermaid flow chart. */
  String toMermaid() {
    StringBuilder out = new StringBuilder("flowchart LR\n");
    for (Node node : nodes) {
      out.append("  ").append(node.id()).append(mermaidShape(node)).append('\n');
    }
    for (Edge edge : edges) {
      out.append("  ")
          .append(edge.from())
          .append(edge.store() ? " -.- " : " --> ")
          .append(edge.to())
          .append('\n');
    }
    return out.toString();
  }

  private static String mermaidShape(Node node) {
    return switch (node.shape()) {
      case TOPIC -> "([\"%s\"])".formatted(node.label());
      case PROCESSOR -> "[\"%s\"]".formatted(node.label());
      case STORE -> "[(\"%s\")]".formatted(node.label());
      case GLOBAL_STORE -> "[(\"%s<br/>on every instance\")]".formatted(node.label());
    };
  }

  private static <T, K extends Comparable<K>> List<T> sorted(
      Collection<T> items, java.util.function.Function<T, K> by) {
    return items.stream().sorted(Comparator.comparing(by)).toList();
  }

  private static final class Builder {
    final Map<String, Node> nodes = new LinkedHashMap<>();
    final Set<Edge> edges = new LinkedHashSet<>();

    /** Walks from the sources, so that nodes come in the order in which records pass them. */
    void add(Collection<TopologyDescription.Node> all) {
      List<TopologyDescription.Node> next = new ArrayList<>();
      sorted(all, TopologyDescription.Node::name).stream()
          .filter(node -> node.predecessors().isEmpty())
          .forEach(next::add);
      Set<String> done = new LinkedHashSet<>();
      while (!next.isEmpty()) {
        TopologyDescription.Node node = next.remove(0);
        if (done.add(node.name())) {
          add(node);
          next.addAll(sorted(node.successors(), TopologyDescription.Node::name));
        }
      }
    }

    void add(TopologyDescription.GlobalStore store) {
      String topic = topic(String.join(", ", store.source().topicSet()));
      for (String name : store.processor().stores()) {
        edges.add(new Edge(topic, node("g", name, Shape.GLOBAL_STORE), false));
      }
    }

    private void add(TopologyDescription.Node node) {
      if (node instanceof TopologyDescription.Source source) {
        for (String name : new java.util.TreeSet<>(source.topicSet())) {
          topic(name);
        }
        connect(topic(source.topicSet().iterator().next()), node);
      } else if (node instanceof TopologyDescription.Processor processor) {
        String id = node("p", processor.name(), Shape.PROCESSOR);
        for (String store : new java.util.TreeSet<>(processor.stores())) {
          edges.add(new Edge(id, node("s", store, Shape.STORE), true));
        }
        connect(id, node);
      }
    }

    private void connect(String from, TopologyDescription.Node node) {
      for (TopologyDescription.Node to :
          sorted(node.successors(), TopologyDescription.Node::name)) {
        String id =
            to instanceof TopologyDescription.Sink sink
                ? topic(sink.topic())
                : node("p", to.name(), Shape.PROCESSOR);
        edges.add(new Edge(from, id, false));
      }
    }

    private String topic(String name) {
      return node("t", name, Shape.TOPIC);
    }

    private String node(String kind, String name, Shape shape) {
      String id = kind + "_" + name.replaceAll("[^A-Za-z0-9]", "_");
      nodes.putIfAbsent(id, new Node(id, name, shape));
      return id;
    }
  }
}
