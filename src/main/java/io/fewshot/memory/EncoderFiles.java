package io.fewshot.memory;

import io.fewshot.model.ModelException;
import io.fewshot.ops.UserDirectories;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The encoders' files outside their jars, where the native libraries can map them. A file is
 * written beside its place and moved there when its hash is right, so processes that share the
 * directory never see a part of one; at worst two of them write the same bytes.
 */
final class EncoderFiles {

  private static final Logger log = LoggerFactory.getLogger(EncoderFiles.class);
  private static final int COPY_BYTES = 1 << 20;

  private final Path directory;
  private final ClassLoader source;

  EncoderFiles(Path directory) {
    this(directory, EncoderFiles.class.getClassLoader());
  }

  /**
   * @param source whose class path holds the files
   */
  EncoderFiles(Path directory, ClassLoader source) {
    this.directory = directory;
    this.source = source;
  }

  /** {@code FEWSHOT_CACHE}, or the user's cache directory. */
  static Path defaultDirectory() {
    return UserDirectories.cache(System.getenv()).resolve("encoders");
  }

  /**
   * The file's path, written there if it is missing or damaged.
   *
   * @throws ModelException when it cannot be had or written
   */
  Path path(EncoderModel.File file) {
    Path target = directory.resolve(file.name());
    try {
      if (Files.exists(target)) {
        if (sha256(target).equals(file.sha256())) {
          return target;
        }
        log.warn("{} is damaged and will be written anew", target);
      }
      extract(file, target);
      return target;
    } catch (IOException e) {
      throw new ModelException(
          "Cannot write the encoder's file %s (%s): make room there, or point FEWSHOT_CACHE at a writable directory"
              .formatted(target, e),
          e);
    }
  }

  private void extract(EncoderModel.File file, Path target) throws IOException {
    Files.createDirectories(directory);
    Path part = Files.createTempFile(directory, file.name(), ".part");
    try (InputStream in = source.getResourceAsStream(file.name())) {
      if (in == null) {
        throw new ModelException(
            "The encoder's file %s is not on the class path: build again with mvn package"
                .formatted(file.name()));
      }
      Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
      String found = sha256(part);
      if (!found.equals(file.sha256())) {
        throw new ModelException(
            "The encoder's file %s on the class path has sha256 %s instead of %s: delete its jar from the local Maven repository and build again"
                .formatted(file.name(), found, file.sha256()));
      }
      move(part, target);
    } finally {
      Files.deleteIfExists(part);
    }
  }

  private static void move(Path part, Path target) throws IOException {
    try {
      Files.move(part, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
    }
  }

  static String sha256(Path path) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
    byte[] buffer = new byte[COPY_BYTES];
    try (InputStream in = Files.newInputStream(path)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
