package io.fewshot.ops;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fewshot.ops.HealthPages.Page;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Serves the {@link HealthPages} of a service without a web page. Owns its threads from {@link
 * #start} until {@link #close}.
 */
public final class HealthServer implements AutoCloseable {

  private final HttpServer server;
  private final ExecutorService threads;

  private HealthServer(HttpServer server, ExecutorService threads) {
    this.server = server;
    this.threads = threads;
  }

  /**
   * Serves on all addresses of this machine.
   *
   * @param port 0 for a free one
   * @throws SettingsException when the port is taken
   */
  public static HealthServer start(int port, HealthPages pages) {
    HttpServer server;
    try {
      server = HttpServer.create(new InetSocketAddress(port), 0);
    } catch (BindException e) {
      throw new SettingsException("port " + port + " is taken: choose another with --port");
    } catch (IOException e) {
      throw new SettingsException("cannot serve on port " + port + ": " + e.getMessage());
    }
    // Two: a slow scrape must not make the process look dead.
    ExecutorService threads =
        Executors.newFixedThreadPool(
            2,
            task -> {
              Thread thread = new Thread(task, "health");
              thread.setDaemon(true);
              return thread;
            });
    server.setExecutor(threads);
    server.createContext(
        "/", exchange -> answer(exchange, pages.page(exchange.getRequestURI().getPath())));
    server.start();
    return new HealthServer(server, threads);
  }

  private static void answer(HttpExchange exchange, Page page) throws IOException {
    try (exchange) {
      byte[] body = page.body().getBytes(StandardCharsets.UTF_8);
      boolean head = "HEAD".equals(exchange.getRequestMethod());
      exchange.getResponseHeaders().set("Content-Type", page.contentType());
      exchange.sendResponseHeaders(page.status(), head ? -1 : body.length);
      if (!head) {
        exchange.getResponseBody().write(body);
      }
    }
  }

  public int port() {
    return server.getAddress().getPort();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
