package io.fewshot.embedded;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Exit;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A real Kafka node, broker and controller in one, in this process, for connections from this
 * machine only. What is in its directory survives: a later one on the same directory continues.
 *
 * <p>Owns Kafka's threads from {@link #start} until {@link #close}. Kafka ends the whole process on
 * some faults, such as a full disk; while a broker runs here it is kept from that, and {@link
 * #failure} tells of it.
 */
public final class EmbeddedBroker implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(EmbeddedBroker.class);
  private static final int NODE = 1;

  private final KafkaRaftServer server;
  private final int port;
  private final Path directory;
  private final boolean temporary;
  private volatile @Nullable String failure;
  private boolean closed;

  private EmbeddedBroker(KafkaRaftServer server, int port, Path directory, boolean temporary) {
    this.server = server;
    this.port = port;
    this.directory = directory;
    this.temporary = temporary;
  }

  /** A broker on a free port with a directory that is removed when it is closed. */
  public static EmbeddedBroker startTemporary() {
    return start(Directories.temporary("broker"), 0, true);
  }

  /**
   * A broker on a directory, which is made when it is not there.
   *
   * @param port 0 for a free one
   * @throws EmbeddedException when the port or the directory is taken, or it cannot be written to
   */
  public static EmbeddedBroker start(Path directory, int port) {
    return start(Directories.create(directory), port, false);
  }

  private static EmbeddedBroker start(Path directory, int wantedPort, boolean temporary) {
    int port = Ports.check(wantedPort, "broker");
    Map<String, String> properties = properties(directory, port, Ports.free());
    try {
      format(directory);
      KafkaRaftServer server = new KafkaRaftServer(new KafkaConfig(properties), Time.SYSTEM);
      EmbeddedBroker broker = new EmbeddedBroker(server, port, directory, temporary);
      Exit.setExitProcedure(broker::fail);
      Exit.setHaltProcedure(broker::fail);
      try {
        server.startup();
      } catch (RuntimeException | Error e) {
        broker.close();
        throw e;
      }
      return broker;
    } catch (EmbeddedException e) {
      throw e;
    } catch (Exception e) {
      throw new EmbeddedException("the broker cannot start on " + directory + ": " + reason(e), e);
    }
  }

  private static Map<String, String> properties(Path directory, int port, int controllerPort) {
    Map<String, String> properties = new HashMap<>();
    properties.put("process.roles", "broker,controller");
    properties.put("node.id", Integer.toString(NODE));
    properties.put("controller.quorum.voters", NODE + "@127.0.0.1:" + controllerPort);
    properties.put("controller.listener.names", "CONTROLLER");
    properties.put(
        "listeners", "PLAINTEXT://127.0.0.1:" + port + ",CONTROLLER://127.0.0.1:" + controllerPort);
    properties.put("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
    properties.put("log.dirs", directory.toString());
    properties.put("auto.create.topics.enable", "false");
    properties.put("group.initial.rebalance.delay.ms", "0");
    for (String topic : new String[] {"offsets.topic", "transaction.state.log"}) {
      properties.put(topic + ".replication.factor", "1");
      properties.put(topic + ".num.partitions", "4");
    }
    properties.put("transaction.state.log.min.isr", "1");
    properties.put("share.coordinator.state.topic.replication.factor", "1");
    properties.put("share.coordinator.state.topic.min.isr", "1");
    properties.put("share.coordinator.state.topic.num.partitions", "1");
    // A node that left without a word is let in again only after its session: keep that short.
    properties.put("broker.session.timeout.ms", "5000");
    properties.put("broker.heartbeat.interval.ms", "500");
    properties.put("controller.quorum.election.timeout.ms", "300");
    properties.put("log.cleaner.dedupe.buffer.size", Integer.toString(16 << 20));
    properties.put("num.network.threads", "2");
    properties.put("num.io.threads", "4");
    properties.put("background.threads", "2");
    properties.put("num.recovery.threads.per.data.dir", "2");
    return properties;
  }

  /** Prepares the directory once; the cluster's id stays from then on. */
  private static void format(Path directory) throws Exception {
    if (Files.exists(directory.resolve("meta.properties"))) {
      return;
    }
    ByteArrayOutputStream output = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(output, true, StandardCharsets.UTF_8)) {
      new Formatter()
          .setPrintStream(out)
          .setNodeId(NODE)
          .setClusterId(Uuid.randomUuid().toString())
          .setReleaseVersion(MetadataVersion.latestProduction())
          .setControllerListenerName("CONTROLLER")
          .addDirectory(directory.toString())
          .setMetadataLogDirectory(directory.toString())
          .run();
    }
    LOG.debug("{}", output.toString(StandardCharsets.UTF_8).strip());
  }

  /** What Kafka calls instead of ending the process. */
  private void fail(int status, @Nullable String message) {
    String reason = message == null ? "fatal error in Kafka, status " + status : message;
    failure = reason;
    LOG.error("the embedded broker stops: {}", reason);
    // Callers count on this never returning.
    throw new EmbeddedException("the embedded broker stops: " + reason, null);
  }

  /** Where clients connect, as host:port. */
  public String bootstrapServers() {
    return "127.0.0.1:" + port;
  }

  public int port() {
    return port;
  }

  public Path directory() {
    return directory;
  }

  /** Why it no longer works, or null. */
  public @Nullable String failure() {
    return failure;
  }

  /** Stops it and waits for its threads; can be repeated. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      server.shutdown();
      server.awaitShutdown();
    } finally {
      Exit.resetExitProcedure();
      Exit.resetHaltProcedure();
      if (temporary) {
        Directories.delete(directory);
      }
    }
  }

  private static String reason(Exception e) {
    Throwable deepest = e;
    while (deepest.getCause() != null) {
      deepest = deepest.getCause();
    }
    if (deepest instanceof IOException && deepest.getMessage() != null) {
      return deepest.getMessage();
    }
    return deepest.getMessage() == null ? deepest.toString() : deepest.getMessage();
  }
}
