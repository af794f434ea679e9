package io.fewshot.stream;

import io.fewshot.event.Codecs;
import io.fewshot.event.Topics;
import io.fewshot.ladder.Answer;
import io.fewshot.ladder.Answerer;
import io.fewshot.ladder.AuditBook;
import io.fewshot.ladder.Message;
import io.fewshot.memory.Embedding;
import io.fewshot.memory.ExampleMemory;
import io.fewshot.prompt.Language;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.streams.Topology;

/** The diagrams of the two topologies, drawn from what is really built. */
public final class Diagrams {

  private Diagrams() {}

  /** Application name to Mermaid text. */
  public static Map<String, String> mermaid(Topics topics) {
    Map<String, String> drawn = new LinkedHashMap<>();
    topologies(topics)
        .forEach((name, topology) -> drawn.put(name, TopologyDiagram.of(topology).toMermaid()));
    return drawn;
  }

  /** Application name to SVG text. */
  public static Map<String, String> svg(Topics topics) {
    Map<String, String> drawn = new LinkedHashMap<>();
    topologies(topics)
        .forEach(
            (name, topology) -> drawn.put(name, DiagramSvg.draw(TopologyDiagram.of(topology))));
    return drawn;
  }

  /** Application name to Kafka Streams' own description. */
  public static Map<String, String> text(Topics topics) {
    Map<String, String> drawn = new LinkedHashMap<>();
    topologies(topics).forEach((name, topology) -> drawn.put(name, topology.describe().toString()));
    return drawn;
  }

  /** Built to be described only: nothing of this is ever asked. */
  static Map<String, Topology> topologies(Topics topics) {
    Map<String, Topology> built = new LinkedHashMap<>();
    SimpleMeterRegistry meters = new SimpleMeterRegistry();
    StreamSettings settings = StreamSettings.standard();
    try (Codecs codecs = Codecs.of(Map.of("schema.registry.url", "http://localhost"));
        ExampleMemory memory = new ExampleMemory()) {
      built.put(
          "answering",
          AnsweringTopology.build(
              topics,
              codecs,
              AnsweringParts.of(
                  new NoAnswerer(),
                  memory,
                  new TaskCatalogue(),
                  new AuditBook(),
                  InferenceExecutor.DIRECT,
                  settings),
              RecordLimits.standard(),
              settings,
              meters));
      built.put(
          "learning",
          LearningTopology.build(
              topics,
              codecs,
              LearningParts.of(new NoEncoder(), Runnable::run, memory, new TaskCatalogue()),
              RecordLimits.standard(),
              settings,
              meters));
    }
    return built;
  }

  private static final class NoAnswerer implements Answerer {

    @Override
    public List<Attempt> attempt(List<Message> batch) {
      return List.of();
    }

    @Override
    public List<Answer> finish(List<Attempt> open) {
      return List.of();
    }
  }

  private static final class NoEncoder implements TextEncoder {

    @Override
    public List<Embedding> encode(Language language, List<String> texts) {
      return List.of();
    }

    @Override
    public String name(Language language, String text) {
      return "";
    }
  }
}
