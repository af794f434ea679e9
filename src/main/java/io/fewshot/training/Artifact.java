package io.fewshot.training;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/**
 * A release's files as one: a zip archive, named by its hash. The same files give the same bytes.
 *
 * @param bytes not to be changed
 * @param sha256 of the bytes, in hexadecimal
 */
@SuppressWarnings("ArrayRecordComponent")
public record Artifact(byte[] bytes, String sha256) {

  private static final long LARGEST_FILE = 1L << 30;

  public static Artifact of(byte[] bytes) {
    return new Artifact(bytes, hash(bytes));
  }

  /** Packs files, each under its name. */
  static Artifact pack(Map<String, byte[]> files) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
      for (Map.Entry<String, byte[]> file : new TreeMap<>(files).entrySet()) {
        ZipEntry entry = new ZipEntry(file.getKey());
        // The archive's own clock would make every hash another.
        entry.setTimeLocal(java.time.LocalDateTime.of(1980, 1, 1, 0, 0));
        zip.putNextEntry(entry);
        zip.write(file.getValue());
        zip.closeEntry();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return of(bytes.toByteArray());
  }

  /**
   * The files in it.
   *
   * @throws ReleaseException when it is no zip archive
   */
  Map<String, byte[]> files() {
    Map<String, byte[]> files = new LinkedHashMap<>();
    try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(bytes))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        byte[] content = zip.readNBytes((int) LARGEST_FILE);
        files.put(entry.getName(), content);
      }
    } catch (IOException | IllegalArgumentException e) {
      throw new ReleaseException("the artifact " + sha256 + " is damaged: " + e.getMessage(), e);
    }
    if (files.isEmpty()) {
      throw new ReleaseException("the artifact " + sha256 + " is no archive of files");
    }
    return files;
  }

  private static String hash(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }
}
