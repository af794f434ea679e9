package io.fewshot.labeling;

import io.fewshot.ops.SettingsException;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/**
 * A salted hash of a password: PBKDF2 with HMAC-SHA-256 (RFC 8018), written as {@code
 * pbkdf2-sha256$ITERATIONS$SALT$HASH} in Base64.
 */
@SuppressWarnings("ArrayRecordComponent")
record PasswordHash(int iterations, byte[] salt, byte[] hash) {

  private static final String SCHEME = "pbkdf2-sha256";

  /** What OWASP's password storage cheat sheet asks of this function. */
  private static final int ITERATIONS = 600_000;

  private static final int MIN_ITERATIONS = 10_000;
  private static final int MAX_ITERATIONS = 10_000_000;
  private static final int SALT_BYTES = 16;
  private static final int HASH_BYTES = 32;

  /** Hashes a password with a new salt. */
  static PasswordHash of(char[] password) {
    return of(password, ITERATIONS);
  }

  static PasswordHash of(char[] password, int iterations) {
    byte[] salt = new byte[SALT_BYTES];
    new SecureRandom().nextBytes(salt);
    return new PasswordHash(iterations, salt, derive(password, salt, iterations));
  }

  /**
   * Reads what {@link #text} wrote.
   *
   * @throws SettingsException when it is no such hash; its text is not repeated in the message
   */
  static PasswordHash parse(String text) {
    String[] parts = text.split("\\$", -1);
    try {
      if (parts.length == 4 && parts[0].equals(SCHEME)) {
        int iterations = Integer.parseInt(parts[1]);
        byte[] salt = Base64.getDecoder().decode(parts[2]);
        byte[] hash = Base64.getDecoder().decode(parts[3]);
        if (iterations >= MIN_ITERATIONS
            && iterations <= MAX_ITERATIONS
            && salt.length >= 8
            && hash.length == HASH_BYTES) {
          return new PasswordHash(iterations, salt, hash);
        }
      }
    } catch (IllegalArgumentException e) {
      throw malformed();
    }
    throw malformed();
  }

  private static SettingsException malformed() {
    return new SettingsException(
        "a user's password hash is malformed: make the line with ./fewshot web --new-user NAME");
  }

  String text() {
    Base64.Encoder base64 = Base64.getEncoder();
    return SCHEME
        + "$"
        + iterations
        + "$"
        + base64.encodeToString(salt)
        + "$"
        + base64.encodeToString(hash);
  }

  /** Whether it is the hash of this password; takes as long for a wrong one as for a right one. */
  boolean matches(char[] password) {
    return MessageDigest.isEqual(hash, derive(password, salt, iterations));
  }

  private static byte[] derive(char[] password, byte[] salt, int iterations) {
    PBEKeySpec spec = new PBEKeySpec(password, salt, iterations, HASH_BYTES * 8);
    try {
      return SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256").generateSecret(spec).getEncoded();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java runtime has PBKDF2 with HMAC-SHA-256", e);
    } finally {
      spec.clearPassword();
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PasswordHash that
        && iterations == that.iterations
        && Arrays.equals(salt, that.salt)
        && MessageDigest.isEqual(hash, that.hash);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(hash);
  }

  /** Says nothing, so that no log does. */
  @Override
  public String toString() {
    return "PasswordHash[***]";
  }
}
