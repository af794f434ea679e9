package io.fewshot.embedded;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
  private static final Duration START_LIMIT = Duration.ofMinutes(2);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(30);
  private static final Duration FAILED_STOP_LIMIT = Duration.ofSeconds(3);

  private final KafkaRaftServer server;
  private final int port;
  private final Path directory;
  private final boolean temporary;
  private final DirectoryLock lock;
  private volatile @Nullable String failure;
  private boolean closed;

  private EmbeddedBroker(
      KafkaRaftServer server, int port, Path directory, boolean temporary, DirectoryLock lock) {
    this.server = server;
    this.port = port;
    this.directory = directory;
    this.temporary = temporary;
    this.lock = lock;
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
    // Kafka's own lock is taken by the broker only after the controller wrote to the directory.
    DirectoryLock lock = DirectoryLock.take(directory, "broker");
    EmbeddedBroker broker = null;
    try {
      format(directory);
      KafkaRaftServer server = new KafkaRaftServer(new KafkaConfig(properties), Time.SYSTEM);
      broker = new EmbeddedBroker(server, port, directory, temporary, lock);
      // They stay when it is closed: nobody but a broker calls them.
      Exit.setExitProcedure(broker::fail);
      Exit.setHaltProcedure(broker::fail);
      broker.awaitStart();
      return broker;
    } catch (Throwable e) {
      String reason = broker == null || broker.failure == null ? reason(e) : broker.failure;
      if (broker == null) {
        lock.close();
      } else {
        broker.closeQuietly();
      }
      if (e instanceof VirtualMachineError error) {
        throw error;
      }
      throw new EmbeddedException("the broker cannot start on " + directory + ": " + reason, e);
    }
  }

  /** Kafka's start never returns once it has called for the end of the process. */
  private void awaitStart() throws Throwable {
    CompletableFuture<Void> started = new CompletableFuture<>();
    daemon("embedded-broker-start", server::startup, started);
    long deadline = System.nanoTime() + START_LIMIT.toNanos();
    while (true) {
      try {
        started.get(50, TimeUnit.MILLISECONDS);
        return;
      } catch (ExecutionException e) {
        throw e.getCause() == null ? e : e.getCause();
      } catch (TimeoutException e) {
        if (failure != null) {
          throw new EmbeddedException(failure, e);
        }
        if (System.nanoTime() > deadline) {
          throw new EmbeddedException("not there after " + START_LIMIT.toSeconds() + " s", e);
        }
      }
    }
  }

  private static void daemon(String name, Runnable task, CompletableFuture<Void> done) {
    Thread thread =
        new Thread(
            () -> {
              try {
                task.run();
                done.complete(null);
              } catch (Throwable e) {
                done.completeExceptionally(e);
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
  }

  private void closeQuietly() {
    try {
      close();
    } catch (RuntimeException e) {
      LOG.debug("after a failed start", e);
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
      // The smallest there is, so that they are compacted early and a start reads little. Kafka 4.3
      // and 4.4 take a coordinator for loaded when an earlier load of it ends, which happens when a
      // broker that was killed comes back; the group then never answers, for as long as members
      // try.
      properties.put(topic + ".segment.bytes", Integer.toString(1 << 20));
    }
    properties.put("transaction.state.log.min.isr", "1");
    properties.put("share.coordinator.state.topic.replication.factor", "1");
    properties.put("share.coordinator.state.topic.min.isr", "1");
    properties.put("share.coordinator.state.topic.num.partitions", "1");
    // What a killed instance left open is aborted a second after its timeout, not ten.
    properties.put("transaction.abort.timed.out.transaction.cleanup.interval.ms", "1000");
    // A node that left without a word is let in again only after its session: keep that short.
    properties.put("broker.session.timeout.ms", "3000");
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
    String reason =
        Directories.isFull(directory)
            ? "the disk of " + directory + " is full"
            : message == null ? "fatal error in Kafka, status " + status : message;
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
    CompletableFuture<Void> stopped = new CompletableFuture<>();
    daemon(
        "embedded-broker-stop",
        () -> {
          server.shutdown();
          server.awaitShutdown();
        },
        stopped);
    try {
      // One that failed may hang for ever.
      stopped.get(
          (failure == null ? STOP_LIMIT : FAILED_STOP_LIMIT).toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("the embedded broker did not stop in good order: {}", reason(e));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.close();
      if (temporary) {
        Directories.delete(directory);
      }
    }
  }

  private static String reason(Throwable e) {
    Throwable deepest = e;
    while (deepest.getCause() != null) {
      deepest = deepest.getCause();
    }
    return deepest.getMessage() == null ? deepest.toString() : deepest.getMessage();
  }
}
