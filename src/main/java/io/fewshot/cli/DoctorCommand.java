package io.fewshot.cli;

import io.fewshot.event.RecordException;
import io.fewshot.event.TopicAdmin.Difference;
import io.fewshot.memory.Encoder;
import io.fewshot.memory.Encoders;
import io.fewshot.model.ModelCatalogue;
import io.fewshot.model.ModelException;
import io.fewshot.model.ModelStore;
import io.fewshot.ops.Settings;
import io.fewshot.prompt.Language;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.kafka.common.KafkaException;
import picocli.CommandLine.Mixin;

/** Says what is there and what is wrong. */
@picocli.CommandLine.Command(
    name = "doctor",
    description = "Says what is installed, reachable and wrong; status 1 if something is wrong.",
    footer = {"", "Example: ./fewshot doctor"})
final class DoctorCommand extends Command {

  /** The model, the broker and the registry side by side. */
  private static final long NEEDED_MIB = 3_000;

  private static final long NEEDED_DISK_MIB = 1_000;
  private static final String REGISTRY_SERVER = "fewshot.apicurio.directory";

  @Mixin private final ConnectionOptions connection = new ConnectionOptions();

  private boolean wrong;

  DoctorCommand(Console console) {
    super(console);
  }

  private enum Finding {
    OK,
    NOTE,
    PROBLEM
  }

  @Override
  int run() {
    Settings settings = connection.settings();
    machine(settings);
    encoders();
    models();
    registryServer();
    if (settings.knowsBroker()) {
      cluster(settings);
    } else {
      say(Finding.NOTE, "broker", "none is known: start one with ./fewshot up, or name yours");
    }
    return wrong ? FAILED : DONE;
  }

  private void machine(Settings settings) {
    say(
        Finding.OK,
        "java",
        System.getProperty("java.version") + " at " + System.getProperty("java.home"));
    int cores = Runtime.getRuntime().availableProcessors();
    say(Finding.OK, "processor", cores + " cores, " + precision(settings.dtype()));
    long mib = memoryMib();
    say(
        mib >= NEEDED_MIB ? Finding.OK : Finding.PROBLEM,
        "memory",
        mib + " MiB" + (mib >= NEEDED_MIB ? "" : ": " + NEEDED_MIB + " are needed"));
    disk(settings.cacheDirectory());
  }

  private static String precision(String dtype) {
    if (!dtype.equals("auto")) {
      return "fewshot.dtype is " + dtype;
    }
    try {
      return computesBf16()
          ? "computes in bf16"
          : "no bf16, so fp32 is used; fewshot.dtype int8 is faster";
    } catch (IOException e) {
      return "whether it computes in bf16 is measured at the start";
    }
  }

  private static boolean computesBf16() throws IOException {
    String flags = Files.readString(Path.of("/proc/cpuinfo"));
    return flags.contains("amx_bf16") || flags.contains("avx512_bf16");
  }

  private static long memoryMib() {
    return java.lang.management.ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? system.getTotalMemorySize() >> 20
        : Long.MAX_VALUE >> 20;
  }

  private void disk(Path cache) {
    try {
      Files.createDirectories(cache);
      long mib = Files.getFileStore(cache).getUsableSpace() >> 20;
      boolean enough = mib >= NEEDED_DISK_MIB;
      if (!Files.isWritable(cache)) {
        say(
            Finding.PROBLEM,
            "cache",
            "%s may not write to %s: change its owner, or set FEWSHOT_CACHE to another directory"
                .formatted(System.getProperty("user.name"), cache));
        return;
      }
      say(
          enough ? Finding.OK : Finding.PROBLEM,
          "cache",
          cache
              + ", "
              + mib
              + " MiB free"
              + (enough ? "" : ": make room, or set FEWSHOT_CACHE to a directory with more"));
    } catch (IOException e) {
      say(
          Finding.PROBLEM,
          "cache",
          "cannot write to " + cache + ": set FEWSHOT_CACHE to another directory");
    }
  }

  private void encoders() {
    try (Encoders encoders = new Encoders()) {
      for (Language language : List.of(Language.EN, Language.ZH)) {
        Encoder encoder = encoders.of(language);
        say(Finding.OK, "encoder", encoder.name() + " loads");
      }
    } catch (ModelException e) {
      say(Finding.PROBLEM, "encoder", String.valueOf(e.getMessage()));
    }
  }

  private void models() {
    ModelStore store = ModelStore.ofUser();
    String name = ModelCatalogue.DEFAULT;
    ModelCatalogue.Entry entry = store.catalogue().find(name).orElseThrow();
    Path file = store.directory().resolve(entry.file());
    boolean there = Files.exists(file);
    try {
      if (store.has(name)) {
        say(Finding.OK, "model", name + " at " + file);
      } else {
        say(
            Finding.NOTE,
            "model",
            "%s %s: the next use fetches it (%d MB)"
                .formatted(
                    name,
                    there ? "was damaged and is removed" : "is not here yet",
                    entry.bytes() / 1_000_000));
      }
    } catch (ModelException e) {
      say(Finding.PROBLEM, "model", String.valueOf(e.getMessage()));
    }
  }

  private void registryServer() {
    String directory = System.getProperty(REGISTRY_SERVER);
    if (directory == null) {
      say(Finding.NOTE, "registry server", "none is installed: only demo and up need it");
      return;
    }
    Path server = Path.of(directory);
    boolean there = Files.isDirectory(server);
    say(
        there ? Finding.OK : Finding.PROBLEM,
        "registry server",
        there ? "at " + server : "is missing at " + server + ": build with mvn package");
  }

  private void cluster(Settings settings) {
    try (Cluster cluster = new Cluster(settings)) {
      topics(cluster);
      registry(cluster);
    }
  }

  private void topics(Cluster cluster) {
    try {
      List<Difference> differences = cluster.topicAdmin().check(cluster.topics());
      say(Finding.OK, "broker", cluster.settings().bootstrapServers() + " answers");
      if (differences.isEmpty()) {
        say(Finding.OK, "topics", "all are as they should be");
      }
      for (Difference difference : differences) {
        boolean missing = difference.what().equals("topic");
        say(
            missing ? Finding.PROBLEM : Finding.NOTE,
            "topics",
            difference + (missing ? ": run ./fewshot topics create" : ""));
      }
    } catch (KafkaException e) {
      say(Finding.PROBLEM, "broker", String.valueOf(cluster.explain(e).getMessage()));
    }
  }

  private void registry(Cluster cluster) {
    try {
      int subjects = cluster.codecs().registry().subjects().size();
      say(
          Finding.OK,
          "registry",
          cluster.settings().registryUrl() + " answers, " + subjects + " subjects");
    } catch (RecordException e) {
      say(Finding.PROBLEM, "registry", String.valueOf(e.getMessage()));
    }
  }

  private void say(Finding finding, String what, String detail) {
    wrong |= finding == Finding.PROBLEM;
    if (json) {
      print(
          JsonLines.object()
              .put("check", what)
              .put("state", finding.name().toLowerCase(java.util.Locale.ROOT))
              .put("detail", detail));
      return;
    }
    Style style = console.style();
    String shown =
        switch (finding) {
          case OK -> style.green("ok     ");
          case NOTE -> style.yellow("note   ");
          case PROBLEM -> style.red("problem");
        };
    console.result("%s  %-15s  %s".formatted(shown, what, detail));
  }
}
