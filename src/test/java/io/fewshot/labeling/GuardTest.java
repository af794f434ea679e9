package io.fewshot.labeling;

import static org.assertj.core.api.Assertions.assertThat;

import io.javalin.Javalin;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The guard in a real server, spoken to byte by byte: browsers' own rules must not help. */
class GuardTest {

  private Javalin app;
  private String host;

  @BeforeEach
  void start() {
    Guard guard = new Guard(WebSettings.local(0), new Sessions(InstantSource.system()));
    app = Javalin.create(config -> config.showJavalinBanner = false);
    app.before(guard::protect);
    app.before("/api/*", guard::protectApi);
    app.get("/", context -> context.result("page"));
    app.get("/api/session", context -> context.result("csrf=" + Guard.session(context).csrf()));
    app.get("/api/secret", context -> context.result("for " + Guard.labeler(context)));
    app.post("/api/change", context -> context.result("changed"));
    app.exception(WebException.class, (e, context) -> Api.refuse(context, e));
    app.start("127.0.0.1", 0);
    host = "127.0.0.1:" + app.port();
  }

  @AfterEach
  void stop() {
    app.stop();
  }

  @Test
  void aForeignNameForThisMachineIsRefused() throws IOException {
    assertThat(ask("GET / HTTP/1.1", "Host: " + host)).startsWith("HTTP/1.1 200");
    assertThat(ask("GET / HTTP/1.1", "Host: LOCALHOST:1")).startsWith("HTTP/1.1 200");
    assertThat(ask("GET / HTTP/1.1", "Host: evil.example:80")).startsWith("HTTP/1.1 421");
    assertThat(ask("GET /api/session HTTP/1.1", "Host: evil.example"))
        .startsWith("HTTP/1.1 421")
        .doesNotContain("csrf=", "Set-Cookie");
  }

  @Test
  void everyAnswerForbidsForeignCode() throws IOException {
    assertThat(ask("GET / HTTP/1.1", "Host: " + host))
        .contains(
            "Content-Security-Policy: default-src 'none'; script-src 'self'",
            "frame-ancestors 'none'",
            "X-Content-Type-Options: nosniff",
            "Referrer-Policy: no-referrer")
        .doesNotContain("unsafe-inline");
  }

  @Test
  void aChangeNeedsSessionTokenOriginAndJson() throws IOException {
    // Given
    String session = ask("GET /api/session HTTP/1.1", "Host: " + host);
    String cookie = "Cookie: " + find("Set-Cookie: ([^;]+)", session);
    String token = "X-CSRF-Token: " + find("csrf=(\\S+)", session);
    String json = "Content-Type: application/json";

    // Then
    assertThat(session).contains("HttpOnly", "SameSite=Strict");
    assertThat(change(json, token)).startsWith("HTTP/1.1 401");
    assertThat(change(cookie, json)).startsWith("HTTP/1.1 403").contains("csrf");
    assertThat(change(cookie, json, token + "x")).startsWith("HTTP/1.1 403");
    assertThat(change(cookie, token, "Content-Type: text/plain")).startsWith("HTTP/1.1 415");
    assertThat(change(cookie, token, json, "Origin: http://evil.example"))
        .startsWith("HTTP/1.1 403")
        .contains("origin");
    assertThat(change(cookie, token, json, "Origin: null")).startsWith("HTTP/1.1 403");
    assertThat(change(cookie, token, json, "Origin: http://" + host))
        .startsWith("HTTP/1.1 200")
        .endsWith("changed");
  }

  @Test
  void metricsNeedALoginBeyondThisMachineOnly() throws IOException {
    // Given
    String line = Users.line("prometheus", Role.LABELER, "correct horse".toCharArray());
    InstantSource clock = InstantSource.system();
    Sessions sessions = new Sessions(clock);
    MetricsGuard open = new MetricsGuard(WebSettings.local(0), sessions, new LoginLimit(clock));
    MetricsGuard closed =
        new MetricsGuard(
            new WebSettings("0.0.0.0", 0, Users.parse(line), 1), sessions, new LoginLimit(clock));
    app.before("/open", open::protect);
    app.get("/open", context -> context.result("metrics"));
    app.before("/closed", closed::protect);
    app.get("/closed", context -> context.result("metrics"));
    String at = "Host: " + host;
    String session = "Cookie: fewshot_session=";

    // Then
    assertThat(ask("GET /open HTTP/1.1", at)).endsWith("metrics");
    assertThat(ask("GET /closed HTTP/1.1", at))
        .startsWith("HTTP/1.1 401")
        .contains("WWW-Authenticate: Basic")
        .doesNotEndWith("metrics");
    assertThat(ask("GET /closed HTTP/1.1", at, basic("prometheus:guess")))
        .startsWith("HTTP/1.1 401");
    // As often as Prometheus likes
    for (int i = 0; i < 3 * LoginLimit.FOR_NAME; i++) {
      assertThat(ask("GET /closed HTTP/1.1", at, basic("prometheus:correct horse")))
          .startsWith("HTTP/1.1 200")
          .endsWith("metrics");
    }
    assertThat(ask("GET /closed HTTP/1.1", at, session + sessions.open(null, Role.OWNER).token()))
        .startsWith("HTTP/1.1 401");
    assertThat(ask("GET /closed HTTP/1.1", at, session + sessions.open("ann", Role.OWNER).token()))
        .endsWith("metrics");

    // And who guesses is slowed down
    for (int i = 0; i < LoginLimit.FOR_NAME; i++) {
      ask("GET /closed HTTP/1.1", at, basic("ann:" + i));
    }
    assertThat(ask("GET /closed HTTP/1.1", at, basic("ann:x"))).startsWith("HTTP/1.1 429");
  }

  private static String basic(String nameAndPassword) {
    return "Authorization: Basic "
        + Base64.getEncoder().encodeToString(nameAndPassword.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void withoutASessionNothingIsTold() throws IOException {
    assertThat(ask("GET /api/secret HTTP/1.1", "Host: " + host)).startsWith("HTTP/1.1 401");
    assertThat(ask("GET /api/secret HTTP/1.1", "Host: " + host, "Cookie: fewshot_session=guess"))
        .startsWith("HTTP/1.1 401");
  }

  private String change(String... headers) throws IOException {
    String[] all = new String[headers.length + 3];
    all[0] = "POST /api/change HTTP/1.1";
    all[1] = "Host: " + host;
    all[2] = "Content-Length: 0";
    System.arraycopy(headers, 0, all, 3, headers.length);
    return ask(all);
  }

  private String ask(String... lines) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", app.port());
        OutputStream out = socket.getOutputStream();
        InputStream in = socket.getInputStream()) {
      String request = String.join("\r\n", lines) + "\r\nConnection: close\r\n\r\n";
      out.write(request.getBytes(StandardCharsets.US_ASCII));
      out.flush();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static String find(String pattern, String text) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    assertThat(matcher.find()).isTrue();
    return matcher.group(1);
  }
}
