package io.fewshot.labeling;

import io.javalin.http.Context;
import io.javalin.security.BasicAuthCredentials;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.jspecify.annotations.Nullable;

/**
 * Who may read the metrics on the page's port: on this machine alone everybody, beyond it whoever
 * is logged in or sends a user's name and password (HTTP basic authentication, as Prometheus does).
 * Safe for use by several threads.
 */
final class MetricsGuard {

  private final WebSettings settings;
  private final Sessions sessions;
  private final LoginLimit limit;

  /**
   * Digest of the last header that was right: whoever asks every few seconds is neither slowed down
   * nor worth the time that checking a password takes.
   */
  private volatile byte @Nullable [] known;

  MetricsGuard(WebSettings settings, Sessions sessions, LoginLimit limit) {
    this.settings = settings;
    this.sessions = sessions;
    this.limit = limit;
  }

  void protect(Context context) {
    if (settings.isLocal() || Guard.find(context, sessions).isPresent() || mayScrape(context)) {
      return;
    }
    context.header("WWW-Authenticate", "Basic realm=\"metrics\"");
    throw new WebException(401, "login", "metrics need a user's name and password");
  }

  private boolean mayScrape(Context context) {
    String header = context.header("Authorization");
    BasicAuthCredentials given = header == null ? null : context.basicAuthCredentials();
    if (header == null || given == null) {
      return false;
    }
    byte[] digest = digest(header);
    if (MessageDigest.isEqual(digest, known)) {
      return true;
    }
    String name = given.getUsername();
    if (!limit.allows(name, context.ip())) {
      throw new WebException(429, "attempts", "too many attempts: wait a minute");
    }
    boolean right = settings.users().login(name, given.getPassword().toCharArray()).isPresent();
    if (right) {
      known = digest;
    }
    return right;
  }

  private static byte[] digest(String header) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(header.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }
}
