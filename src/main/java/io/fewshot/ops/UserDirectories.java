package io.fewshot.ops;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where a user's files go, by the XDG base directory specification. */
public final class UserDirectories {

  private UserDirectories() {}

  /**
   * What can be made again: downloads, local state, notes about what runs. {@code FEWSHOT_CACHE} if
   * it is set.
   */
  public static Path cache(Map<String, String> environment) {
    String own = environment.get("FEWSHOT_CACHE");
    if (given(own)) {
      return Path.of(own);
    }
    String xdg = environment.get("XDG_CACHE_HOME");
    Path base = given(xdg) ? Path.of(xdg) : Path.of(System.getProperty("user.home", "."), ".cache");
    return base.resolve("fewshot");
  }

  private static boolean given(@Nullable String value) {
    return value != null && !value.isBlank();
  }
}
