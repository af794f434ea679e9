package io.fewshot.labeling;

import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Browsers that talk to the page, in memory. Those that are not logged in are kept apart and few,
 * so that a flood of them pushes nobody out. Safe for use by several threads.
 */
final class Sessions {

  static final Duration LENGTH = Duration.ofHours(12);
  private static final Duration ANONYMOUS_LENGTH = Duration.ofHours(1);
  private static final int MOST = 10_000;
  private static final int MOST_ANONYMOUS = 1_000;
  private static final int TOKEN_BYTES = 32;

  private final InstantSource clock;
  private final SecureRandom random = new SecureRandom();
  private final Map<String, Session> known = new Bounded<>(MOST);
  private final LinkedHashMap<String, Session> anonymous = new Bounded<>(MOST_ANONYMOUS);

  /**
   * A browser.
   *
   * @param token the secret of its cookie
   * @param id names it to others, and is no secret
   * @param name who it is; null before the login
   * @param csrf the secret that its page sends with each change
   */
  record Session(
      String token, String id, @Nullable String name, Role role, String csrf, Instant ends) {

    /** Says no secret, so that no log does. */
    @Override
    public String toString() {
      return "Session[" + id + ", " + name + ", " + role + "]";
    }
  }

  Sessions(InstantSource clock) {
    this.clock = clock;
  }

  /** A new session. */
  synchronized Session open(@Nullable String name, Role role) {
    Duration length = name == null ? ANONYMOUS_LENGTH : LENGTH;
    Session session =
        new Session(
            secret(),
            UUID.randomUUID().toString(),
            name,
            role,
            secret(),
            clock.instant().plus(length));
    (name == null ? anonymous : known).put(session.token(), session);
    return session;
  }

  /** The session of this token, when it has not ended. */
  synchronized Optional<Session> find(@Nullable String token) {
    if (token == null) {
      return Optional.empty();
    }
    Session session = known.getOrDefault(token, anonymous.get(token));
    if (session == null) {
      return Optional.empty();
    }
    if (!session.ends().isAfter(clock.instant())) {
      close(token);
      return Optional.empty();
    }
    return Optional.of(session);
  }

  /** Gives the session's person another name; it stays the same session. */
  synchronized Session rename(Session session, String name) {
    Session renamed =
        new Session(
            session.token(), session.id(), name, session.role(), session.csrf(), session.ends());
    known.replace(session.token(), renamed);
    return renamed;
  }

  synchronized void close(String token) {
    known.remove(token);
    anonymous.remove(token);
  }

  private String secret() {
    byte[] bytes = new byte[TOKEN_BYTES];
    random.nextBytes(bytes);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
