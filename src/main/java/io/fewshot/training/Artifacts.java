package io.fewshot.training;

import io.fewshot.event.ModelRelease;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where artifacts lie: in the topic {@code artifacts} in chunks under {@code sha256/chunk}, or at a
 * file or HTTPS address.
 */
public final class Artifacts {

  private static final Logger LOG = LoggerFactory.getLogger(Artifacts.class);

  /** Bytes of a chunk. */
  static final int CHUNK = 1 << 20;

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Connection connection;

  public Artifacts(Connection connection) {
    this.connection = connection;
  }

  static String uri(Artifact artifact) {
    return "kafka:" + artifact.sha256();
  }

  /** The records that hold an artifact. */
  static List<ProducerRecord<String, byte[]>> records(String topic, Artifact artifact, int chunk) {
    List<ProducerRecord<String, byte[]>> records = new ArrayList<>();
    byte[] bytes = artifact.bytes();
    for (int from = 0, i = 0; from < bytes.length; from += chunk, i++) {
      byte[] part = java.util.Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + chunk));
      records.add(new ProducerRecord<>(topic, artifact.sha256() + "/" + i, part));
    }
    return records;
  }

  /** What a release that should serve holds; empty, with a warning, when it does not load. */
  <R> Optional<R> ifLoads(ModelRelease release, BiFunction<Artifact, String, R> read) {
    try {
      Artifact artifact = fetch(release.getArtifact(), release.getSha256());
      return Optional.of(read.apply(artifact, release.getVersion()));
    } catch (ReleaseException e) {
      LOG.warn(
          "Task {}: the release {} that should serve does not load, so it counts as none: {}",
          release.getTask(),
          release.getVersion(),
          e.getMessage());
      return Optional.empty();
    }
  }

  /**
   * Fetches an artifact.
   *
   * @param uri {@code kafka:}, {@code file:} or {@code https:}
   * @throws ReleaseException when it is not there, or is not what its hash says
   */
  public Artifact fetch(String uri, String sha256) {
    byte[] bytes;
    try {
      if (uri.startsWith("kafka:")) {
        bytes = fromTopic(uri.substring("kafka:".length()));
      } else if (uri.startsWith("file:")) {
        bytes = Files.readAllBytes(Path.of(URI.create(uri)));
      } else if (uri.startsWith("https:")) {
        bytes = fromWeb(URI.create(uri));
      } else {
        throw new ReleaseException("its address " + uri + " is not kafka:, file: or https:");
      }
    } catch (IOException | IllegalArgumentException e) {
      throw new ReleaseException("its artifact cannot be had from " + uri + ": " + e, e);
    }
    return checked(bytes, sha256, uri);
  }

  static Artifact checked(byte[] bytes, String sha256, String uri) {
    Artifact artifact = Artifact.of(bytes);
    if (!artifact.sha256().equalsIgnoreCase(sha256)) {
      throw new ReleaseException(
          "the artifact at %s has sha256 %s instead of %s: it is incomplete or was changed"
              .formatted(uri, artifact.sha256(), sha256));
    }
    return artifact;
  }

  private byte[] fromTopic(String name) {
    TreeMap<Integer, byte[]> chunks = new TreeMap<>();
    connection.readToEnd(
        connection.topics().artifacts(),
        record -> {
          if (record.key() != null
              && record.value() != null
              && record.key().matches(java.util.regex.Pattern.quote(name) + "/\\d{1,9}")) {
            chunks.put(Integer.valueOf(record.key().substring(name.length() + 1)), record.value());
          }
        });
    if (chunks.isEmpty()) {
      throw new ReleaseException("its artifact kafka:" + name + " is not in the topic");
    }
    return joined(chunks);
  }

  private static byte[] joined(TreeMap<Integer, byte[]> chunks) {
    java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
    chunks.values().forEach(all::writeBytes);
    return all.toByteArray();
  }

  private static byte[] fromWeb(URI uri) throws IOException {
    HttpClient client =
        HttpClient.newBuilder()
            .followRedirects(HttpClient.Redirect.NORMAL)
            .connectTimeout(PATIENCE)
            .build();
    try {
      HttpResponse<byte[]> response =
          client.send(
              HttpRequest.newBuilder(uri).timeout(PATIENCE.multipliedBy(10)).build(),
              HttpResponse.BodyHandlers.ofByteArray());
      if (response.statusCode() != 200) {
        throw new IOException("status " + response.statusCode());
      }
      return response.body();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
