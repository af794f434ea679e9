package io.fewshot.model;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A file over HTTP, continued where an earlier try broke off. HttpURLConnection because, unlike the
 * newer client, it bounds the time between two bytes.
 */
final class HubSource implements ModelSource {

  private static final int CONNECT_MILLIS = 2_000;
  private static final int STALLED_MILLIS = 20_000;
  private static final int PARTIAL_CONTENT = 206;
  private static final int RANGE_NOT_SATISFIABLE = 416;

  private final URI address;
  private final int stalledMillis;

  /**
   * @param stalledMillis longest time between two bytes
   */
  HubSource(URI address, int stalledMillis) {
    this.address = address;
    this.stalledMillis = stalledMillis;
  }

  /**
   * @param endpoint of the hub
   * @param repository owner and name
   */
  static HubSource of(String endpoint, String repository, String file) {
    URI address = URI.create(endpoint + "/" + repository + "/resolve/main/" + file);
    return new HubSource(address, STALLED_MILLIS);
  }

  @Override
  public String name() {
    return String.valueOf(address.getHost());
  }

  @Override
  public void fetch(ModelCatalogue.Entry entry, Path partial, ProgressListener listener)
      throws IOException, InterruptedException {
    resolve();
    long have = Files.exists(partial) ? Files.size(partial) : 0;
    if (have >= entry.bytes()) {
      Files.deleteIfExists(partial);
      have = 0;
    }
    HttpURLConnection connection = (HttpURLConnection) address.toURL().openConnection();
    connection.setConnectTimeout(CONNECT_MILLIS);
    connection.setReadTimeout(stalledMillis);
    if (have > 0) {
      connection.setRequestProperty("Range", "bytes=" + have + "-");
    }
    try {
      int status = connection.getResponseCode();
      if (status == RANGE_NOT_SATISFIABLE) {
        Files.deleteIfExists(partial);
        throw new IOException("it has another file of that name");
      }
      if (status != HttpURLConnection.HTTP_OK && status != PARTIAL_CONTENT) {
        throw new IOException("it answers " + status);
      }
      boolean goesOn = status == PARTIAL_CONTENT;
      long announced = connection.getContentLengthLong();
      long expected = entry.bytes() - (goesOn ? have : 0);
      if (announced >= 0 && announced != expected) {
        throw new IOException("its file has another size");
      }
      copy(connection, entry, partial, goesOn ? have : 0, listener);
    } finally {
      connection.disconnect();
    }
  }

  private void copy(
      HttpURLConnection connection,
      ModelCatalogue.Entry entry,
      Path partial,
      long have,
      ProgressListener listener)
      throws IOException, InterruptedException {
    StandardOpenOption mode =
        have > 0 ? StandardOpenOption.APPEND : StandardOpenOption.TRUNCATE_EXISTING;
    try (InputStream in = connection.getInputStream();
        OutputStream out =
            Files.newOutputStream(
                partial, StandardOpenOption.CREATE, StandardOpenOption.WRITE, mode)) {
      byte[] buffer = new byte[1 << 16];
      long done = have;
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        done += read;
        if (done > entry.bytes()) {
          throw new IOException("its file is longer than it should be");
        }
        out.write(buffer, 0, read);
        listener.progress(entry.file() + " from " + name(), done, entry.bytes());
      }
      if (done < entry.bytes()) {
        throw new IOException("the connection broke off; the next try goes on from there");
      }
    }
  }

  /** A name server that does not answer must not hold us up; a proxy resolves names itself. */
  private void resolve() throws IOException, InterruptedException {
    boolean direct =
        ProxySelector.getDefault() == null
            || ProxySelector.getDefault().select(address).stream()
                .allMatch(proxy -> proxy.type() == Proxy.Type.DIRECT);
    if (!direct) {
      return;
    }
    try {
      CompletableFuture.supplyAsync(this::known).get(CONNECT_MILLIS, TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      throw new IOException("it cannot be reached", e);
    }
  }

  private InetAddress known() {
    try {
      return InetAddress.getByName(address.getHost());
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }
}
