package io.fewshot.embedded;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;

/**
 * The registry server's files, as the build unpacked them.
 *
 * @param directory where its runner jar is
 * @param runner the jar that starts it
 */
record RegistryInstallation(Path directory, Path runner) {

  static final String PROPERTY = "fewshot.apicurio.directory";
  private static final String LAUNCHER = "die-with-parent.jar";

  /**
   * The installation that the system property {@value #PROPERTY} names.
   *
   * @throws EmbeddedException when it is not there
   */
  static RegistryInstallation find() {
    String directory = System.getProperty(PROPERTY);
    if (directory == null) {
      throw new EmbeddedException(
          "the registry server is not built: run ./fewshot, which builds it, or set -D"
              + PROPERTY
              + "=DIRECTORY",
          null);
    }
    return in(Path.of(directory));
  }

  static RegistryInstallation in(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> file.getFileName().toString().endsWith("-runner.jar"))
          .max(Comparator.naturalOrder())
          .map(runner -> new RegistryInstallation(directory, runner))
          .orElseThrow(() -> new IOException("no runner jar"));
    } catch (IOException e) {
      throw new EmbeddedException(
          "no registry server in " + directory + ": build with mvn package", e);
    }
  }

  /** The command that runs it, as a child that ends with this process. */
  List<String> command(String... options) {
    List<String> command = new ArrayList<>();
    command.add(java());
    // It starts several times faster than it would with all optimizations, and is asked little.
    command.addAll(List.of("-Xmx192m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(
        List.of("-Xshare:auto", "-Djava.util.logging.manager=org.jboss.logmanager.LogManager"));
    command.addAll(List.of(options));
    command.add("-cp");
    command.add(launcher() + System.getProperty("path.separator") + runner);
    command.add(DieWithParent.class.getName());
    command.add(mainClass());
    return command;
  }

  /** Classes in the form that the JVM maps into memory; depends on the JVM's build. */
  Path archive() {
    String build = System.getProperty("java.vm.version", "").replaceAll("[^A-Za-z0-9.+-]", "_");
    return directory.resolve("classes-" + build + ".jsa");
  }

  private String mainClass() {
    try (JarFile jar = new JarFile(runner.toFile())) {
      return Objects.requireNonNull(
          jar.getManifest().getMainAttributes().getValue("Main-Class"), "no main class");
    } catch (IOException e) {
      throw new EmbeddedException("the registry server is broken: " + e.getMessage(), e);
    }
  }

  /** A jar with nothing but {@link DieWithParent}; made once, beside the server. */
  private Path launcher() {
    Path jar = directory.resolve(LAUNCHER);
    if (Files.exists(jar)) {
      return jar;
    }
    try {
      Path half =
          Files.isWritable(directory)
              ? Files.createTempFile(directory, "launcher", ".tmp")
              : Files.createTempFile("fewshot-launcher", ".jar");
      String entry = DieWithParent.class.getName().replace('.', '/') + ".class";
      try (InputStream in = DieWithParent.class.getResourceAsStream("/" + entry);
          OutputStream out = Files.newOutputStream(half);
          JarOutputStream zip = new JarOutputStream(out)) {
        zip.putNextEntry(new JarEntry(entry));
        Objects.requireNonNull(in, entry).transferTo(zip);
        zip.closeEntry();
      }
      half.toFile().setReadable(true, false); // an image may be built and run by different users
      if (!Files.isWritable(directory)) {
        half.toFile().deleteOnExit();
        return half;
      }
      return Files.move(half, jar, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new EmbeddedException("cannot prepare the registry server: " + e.getMessage(), e);
    }
  }

  /** The JVM that runs this process. */
  private static String java() {
    return ProcessHandle.current()
        .info()
        .command()
        .orElseGet(() -> Path.of(System.getProperty("java.home"), "bin", "java").toString());
  }
}
