package io.fewshot.event;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;

/** An HTTP server that speaks as much of the registry's protocol as a fault can be put into. */
public final class FakeRegistry implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpServer server;
  private final String scheme;
  public final Map<Integer, String> schemas = new ConcurrentHashMap<>();
  final List<String> authorizations = new CopyOnWriteArrayList<>();
  public final AtomicInteger requests = new AtomicInteger();

  /** How many of the next requests get the status {@link #fault}. */
  public final AtomicInteger faults = new AtomicInteger();

  public volatile int fault = 503;
  volatile String faultBody = "";

  private FakeRegistry(HttpServer server, String scheme) {
    this.server = server;
    this.scheme = scheme;
    server.createContext("/base/", this::answer);
    server.start();
  }

  public static FakeRegistry start() throws IOException {
    return new FakeRegistry(HttpServer.create(anyPort(), 0), "http");
  }

  static FakeRegistry startTls(SSLContext context) throws IOException {
    HttpsServer server = HttpsServer.create(anyPort(), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    return new FakeRegistry(server, "https");
  }

  private static InetSocketAddress anyPort() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  public String url() {
    return scheme + "://localhost:" + server.getAddress().getPort() + "/base";
  }

  private void answer(HttpExchange exchange) throws IOException {
    requests.incrementAndGet();
    String authorization = exchange.getRequestHeaders().getFirst("Authorization");
    authorizations.add(authorization == null ? "" : authorization);
    String request = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    if (faults.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
      send(exchange, fault, faultBody);
      return;
    }
    String path = exchange.getRequestURI().getPath();
    if (path.startsWith("/base/schemas/ids/")) {
      String schema = schemas.get(Integer.parseInt(path.substring("/base/schemas/ids/".length())));
      if (schema == null) {
        send(exchange, 404, "{\"error_code\":40403,\"message\":\"Schema not found\"}");
      } else {
        send(exchange, 200, json(Map.of("schema", schema)));
      }
    } else if (path.endsWith("/versions")) {
      String schema = JSON.readTree(request).path("schema").asText();
      int id =
          schemas.entrySet().stream()
              .filter(entry -> entry.getValue().equals(schema))
              .map(Map.Entry::getKey)
              .findFirst()
              .orElse(schemas.size() + 1);
      schemas.put(id, schema);
      send(exchange, 200, json(Map.of("id", id)));
    } else {
      send(exchange, 200, "[]");
    }
  }

  private static String json(Object value) {
    try {
      return JSON.writeValueAsString(value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void send(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
