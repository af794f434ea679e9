package io.fewshot.stream;

import io.fewshot.event.Codecs;
import io.fewshot.event.Query;
import io.fewshot.event.Topics;
import io.micrometer.core.instrument.MeterRegistry;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.streams.Topology;

/**
 * Answers messages.
 *
 * <pre>
 * queries ─▶ decode ─▶ answer (micro-batches; buffer) ──▶ route ─┬─▶ results
 *              │          │                                      ├─▶ labeling
 *              ▼          ▼                                      └─▶ seen
 *             dead-letters
 *
 * valid-tasks ······▶ tasks         (on every instance)
 * encoded-examples ·▶ memory        (on every instance)
 * audits ···········▶ audits        (on every instance)
 * </pre>
 *
 * <p>The source is bytes, since a deserializer could not tell a registry that is down (wait) from
 * poison (dead letter). Learning is another application with its own threads, so that a slow batch
 * here never holds it up.
 */
public final class AnsweringTopology {

  public static final String QUERIES = "queries";
  public static final String DECODE = "decode";
  public static final String ANSWER = "answer";
  public static final String ROUTE = "route";
  public static final String RESULTS = "results";
  public static final String LABELING = "labeling";
  public static final String SEEN = "seen";
  public static final String DEAD_LETTERS = "dead-letters";

  /** Store of the messages that are not answered yet. */
  public static final String BUFFER = "waiting";

  private AnsweringTopology() {}

  /**
   * Builds the topology.
   *
   * @param parts what its partitions share
   * @param limits of what comes in
   */
  static Topology build(
      Topics topics,
      Codecs codecs,
      AnsweringParts parts,
      RecordLimits limits,
      StreamSettings settings,
      MeterRegistry registry) {
    StreamMeters meters = new StreamMeters(registry).withWaiting().withExamples(parts.memory());
    QueryReader reader = new QueryReader(codecs.codec(Query.class), limits);
    AnswerRecords records = new AnswerRecords(topics, codecs);
    Serializer<byte[]> bytes = new ByteArraySerializer();

    Topology topology = new Topology();
    topology
        .addSource(
            QUERIES,
            new ByteArrayDeserializer(),
            new ByteArrayDeserializer(),
            topics.queries().name())
        .addProcessor(DECODE, () -> new DecodeQueries(reader, meters), QUERIES)
        .addProcessor(
            ANSWER, () -> new AnswerQueries(parts, reader, records, settings, meters), DECODE)
        .addStateStore(RecordBuffer.store(BUFFER, Topics.TEXT_BYTES), ANSWER)
        .addProcessor(ROUTE, () -> new RouteAnswers(meters), ANSWER)
        .addSink(RESULTS, topics.results().name(), bytes, bytes, ROUTE)
        .addSink(LABELING, topics.labeling().name(), bytes, bytes, ROUTE)
        .addSink(SEEN, topics.seen().name(), bytes, bytes, ROUTE)
        .addSink(DEAD_LETTERS, topics.deadLetters().name(), bytes, bytes, DECODE, ANSWER);
    GlobalStores.addTasks(topology, topics, parts.tasks(), meters);
    GlobalStores.addMemory(topology, topics, parts.memory());
    GlobalStores.addAudits(topology, topics, parts.audits(), meters);
    return topology;
  }
}
