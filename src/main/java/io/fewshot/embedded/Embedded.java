package io.fewshot.embedded;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The broker and the registry together. Owns both from {@link #start} until {@link #close}. */
public final class Embedded implements AutoCloseable {

  private final EmbeddedBroker broker;
  private final EmbeddedRegistry registry;

  private Embedded(EmbeddedBroker broker, EmbeddedRegistry registry) {
    this.broker = broker;
    this.registry = registry;
  }

  /** Both on free ports and in directories that are removed when they are closed. */
  public static Embedded startTemporary() {
    return both(EmbeddedBroker::startTemporary, EmbeddedRegistry::startTemporary);
  }

  /**
   * Both on one data directory, {@code broker} and {@code registry} below it; returns when both
   * serve.
   *
   * @param brokerPort 0 for a free one
   * @param registryPort 0 for a free one
   * @param waiting told now and then how long it has been starting, on a thread of its own
   * @throws EmbeddedException when one of them cannot start; the other is stopped then
   */
  public static Embedded start(
      Path directory, int brokerPort, int registryPort, Consumer<Duration> waiting) {
    return both(
        () -> EmbeddedBroker.start(directory.resolve("broker"), brokerPort),
        () -> EmbeddedRegistry.start(directory.resolve("registry"), registryPort, waiting));
  }

  private static Embedded both(
      Supplier<EmbeddedBroker> startBroker, Supplier<EmbeddedRegistry> startRegistry) {
    CompletableFuture<EmbeddedRegistry> registry = new CompletableFuture<>();
    Thread starter =
        new Thread(
            () -> {
              try {
                registry.complete(startRegistry.get());
              } catch (RuntimeException | Error e) {
                registry.completeExceptionally(e);
              }
            },
            "embedded-registry");
    starter.setDaemon(true);
    starter.start();
    EmbeddedBroker broker = null;
    try {
      broker = startBroker.get();
      return new Embedded(broker, registry.join());
    } catch (RuntimeException | Error e) {
      if (broker != null) {
        broker.close();
      }
      registry.thenAccept(EmbeddedRegistry::close);
      if (e instanceof CompletionException && e.getCause() instanceof EmbeddedException cause) {
        throw cause;
      }
      throw e;
    }
  }

  /** Where Kafka's clients connect. */
  public String bootstrapServers() {
    return broker.bootstrapServers();
  }

  /** The registry's whole client base URL. */
  public String registryUrl() {
    return registry.url();
  }

  public EmbeddedBroker broker() {
    return broker;
  }

  public EmbeddedRegistry registry() {
    return registry;
  }

  /** The properties that lead Kafka's clients and the registry's client here. */
  public Map<String, String> properties() {
    Map<String, String> properties = new HashMap<>();
    properties.put("bootstrap.servers", bootstrapServers());
    properties.put("schema.registry.url", registryUrl());
    return properties;
  }

  /** Why one of them no longer works, or null. */
  public @Nullable String failure() {
    String failure = broker.failure();
    return failure == null ? registry.failure() : failure;
  }

  /** Stops the broker, then the registry, which the broker's last clients may still ask. */
  @Override
  public void close() {
    try {
      broker.close();
    } finally {
      registry.close();
    }
  }
}
