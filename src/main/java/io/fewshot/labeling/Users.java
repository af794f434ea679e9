package io.fewshot.labeling;

import io.fewshot.ops.SettingsException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Who may log in: name, role and the hash of the password. Immutable. */
public final class Users {

  private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{N}._@-]{0,63}");

  private final Map<String, User> byName;

  /** So that an unknown name takes as long as a wrong password. */
  private final PasswordHash nobody;

  /** Somebody. */
  record User(String name, Role role, PasswordHash password) {}

  private Users(Map<String, User> byName) {
    this.byName = Map.copyOf(byName);
    int iterations =
        byName.values().stream().mapToInt(user -> user.password().iterations()).max().orElse(1_000);
    this.nobody = PasswordHash.of("nobody".toCharArray(), iterations);
  }

  /** Nobody: the page asks for no password and serves this machine alone. */
  public static Users none() {
    return new Users(Map.of());
  }

  /**
   * Reads lines of the form {@code NAME:ROLE:HASH}; empty ones and those that begin with # say
   * nothing.
   *
   * @throws SettingsException when a line is malformed; what it holds is not repeated
   */
  public static Users parse(String text) {
    Map<String, User> users = new LinkedHashMap<>();
    int number = 0;
    for (String line : text.lines().map(String::strip).toList()) {
      number++;
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      String[] parts = line.split(":", 3);
      if (parts.length != 3) {
        throw new SettingsException(
            "line " + number + " of the users is not NAME:ROLE:HASH: make it with --new-user NAME");
      }
      String name = checkName(parts[0].strip());
      User user =
          new User(name, Role.ofLabel(parts[1].strip()), PasswordHash.parse(parts[2].strip()));
      if (users.put(name, user) != null) {
        throw new SettingsException("the user " + name + " is there twice");
      }
    }
    return new Users(users);
  }

  /**
   * Reads a file of such lines.
   *
   * @throws SettingsException when it cannot be read or names nobody
   */
  public static Users read(Path file) {
    try {
      Users users = parse(Files.readString(file, StandardCharsets.UTF_8));
      if (users.isEmpty()) {
        throw new SettingsException(file + " names no user: add lines made with --new-user NAME");
      }
      return users;
    } catch (NoSuchFileException e) {
      throw new SettingsException("there is no users' file " + file);
    } catch (AccessDeniedException e) {
      throw new SettingsException(
          "the users' file %s may not be read by %s: change its mode or its owner"
              .formatted(file, System.getProperty("user.name")));
    } catch (IOException e) {
      throw new SettingsException("cannot read the users' file %s: %s".formatted(file, e));
    }
  }

  /**
   * A line for somebody new.
   *
   * @throws SettingsException when the name cannot be used
   */
  public static String line(String name, Role role, char[] password) {
    return checkName(name) + ":" + role.label() + ":" + PasswordHash.of(password).text();
  }

  private static String checkName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new SettingsException(
          "a user's name is made of letters, digits and . _ @ -, at most 64 of them");
    }
    return name;
  }

  public boolean isEmpty() {
    return byName.isEmpty();
  }

  /** The user, when the password is theirs. */
  Optional<User> login(String name, char[] password) {
    User user = byName.get(name);
    boolean right = (user == null ? nobody : user.password()).matches(password);
    return right && user != null ? Optional.of(user) : Optional.empty();
  }

  @Override
  public String toString() {
    return "Users" + byName.keySet();
  }
}
