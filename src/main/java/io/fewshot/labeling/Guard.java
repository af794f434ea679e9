package io.fewshot.labeling;

import io.fewshot.labeling.Sessions.Session;
import io.javalin.http.Context;
import io.javalin.http.Cookie;
import io.javalin.http.SameSite;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who may ask what. Every answer gets the headers that keep foreign code out of the page; what
 * changes something must come from the page itself (Origin, a token of the session) and from
 * somebody who may. On this machine alone the Host header must name it, or a foreign name that
 * resolves to it (DNS rebinding) could read the messages.
 */
final class Guard {

  private static final String COOKIE = "fewshot_session";
  private static final String CSRF = "X-CSRF-Token";
  private static final String SESSION = "fewshot.session";
  private static final Set<String> LOCAL_NAMES = Set.of("localhost", "127.0.0.1", "[::1]", "::1");
  private static final Set<String> READING = Set.of("GET", "HEAD");

  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
          + " manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private final WebSettings settings;
  private final Sessions sessions;

  Guard(WebSettings settings, Sessions sessions) {
    this.settings = settings;
    this.sessions = sessions;
  }

  /** For every request. */
  void protect(Context context) {
    context.header("Content-Security-Policy", POLICY);
    context.header("X-Content-Type-Options", "nosniff");
    context.header("X-Frame-Options", "DENY");
    context.header("Referrer-Policy", "no-referrer");
    context.header("Cross-Origin-Opener-Policy", "same-origin");
    context.header("Cross-Origin-Resource-Policy", "same-origin");
    if (settings.isLocal() && !LOCAL_NAMES.contains(name(context.header("Host")))) {
      throw new WebException(421, "host", "this page is served as localhost or 127.0.0.1 only");
    }
  }

  /** For every request to the API. */
  void protectApi(Context context) {
    context.header("Cache-Control", "no-store");
    boolean entrance = context.path().equals("/api/session") || context.path().equals("/api/login");
    Session session = sessions.find(context.cookie(COOKIE)).orElse(null);
    if (session == null && context.path().equals("/api/session")) {
      session = open(context, settings.users().isEmpty() ? "me" : null, Role.OWNER);
    }
    if (session == null || (session.name() == null && !entrance)) {
      throw new WebException(401, "login", "log in first");
    }
    if (!READING.contains(context.method().name())) {
      checkChange(context, session);
    }
    context.attribute(SESSION, session);
  }

  private static void checkChange(Context context, Session session) {
    String origin = context.header("Origin");
    if (origin != null && !sameOrigin(origin, context.header("Host"))) {
      throw new WebException(403, "origin", "this request comes from another page");
    }
    String type = context.header("Content-Type");
    if (type == null || !type.toLowerCase(Locale.ROOT).startsWith("application/json")) {
      throw new WebException(415, "json", "send JSON");
    }
    String token = context.header(CSRF);
    if (token == null
        || !MessageDigest.isEqual(
            token.getBytes(StandardCharsets.UTF_8),
            session.csrf().getBytes(StandardCharsets.UTF_8))) {
      throw new WebException(
          403, "csrf", "the token of the session is missing: load the page anew");
    }
  }

  private static boolean sameOrigin(String origin, @Nullable String host) {
    try {
      return host != null && host.equalsIgnoreCase(URI.create(origin).getRawAuthority());
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  /** The host of a Host header, without its port. */
  private static String name(@Nullable String host) {
    if (host == null) {
      return "";
    }
    String lower = host.toLowerCase(Locale.ROOT);
    int colon = lower.lastIndexOf(':');
    return colon > lower.lastIndexOf(']') ? lower.substring(0, colon) : lower;
  }

  /** Opens a session and gives the browser its cookie. */
  Session open(Context context, @Nullable String name, Role role) {
    sessions.find(context.cookie(COOKIE)).ifPresent(old -> sessions.close(old.token()));
    Session session = sessions.open(name, role);
    // Behind a proxy that speaks TLS; on this machine there is none.
    boolean secure = "https".equalsIgnoreCase(context.header("X-Forwarded-Proto"));
    int seconds = (int) Sessions.LENGTH.toSeconds();
    context.cookie(
        new Cookie(
            COOKIE, session.token(), "/", seconds, secure, 0, true, null, null, SameSite.STRICT));
    return session;
  }

  /** The session of somebody who is known, if the request has one. */
  static Optional<Session> find(Context context, Sessions sessions) {
    return sessions.find(context.cookie(COOKIE)).filter(session -> session.name() != null);
  }

  /** Ends the session of the request. */
  void close(Context context) {
    sessions.close(session(context).token());
    context.removeCookie(COOKIE, "/");
  }

  /** The session of the request. */
  static Session session(Context context) {
    return Objects.requireNonNull(context.attribute(SESSION), "protectApi comes first");
  }

  /** The name of who asks. */
  static String labeler(Context context) {
    return Objects.requireNonNull(session(context).name(), "protectApi comes first");
  }

  /** Refuses who is not an owner. */
  static void requireOwner(Context context) {
    if (session(context).role() != Role.OWNER) {
      throw new WebException(403, "owner", "only an owner may do this");
    }
  }
}
