package io.fewshot.cli;

import io.fewshot.event.RecordCodec;
import io.fewshot.event.RecordException;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.Split;
import io.fewshot.event.Topics;
import io.fewshot.event.TrainingExample;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The fine-tuning data set. */
@picocli.CommandLine.Command(
    name = "dataset",
    description = "The fine-tuning data set.",
    footer = {"", "Example: ./fewshot dataset export --task support-intent support-intent.jsonl"})
final class DatasetCommand extends Group {

  DatasetCommand(Console console) {
    super(console);
  }

  /** Writes it to a file. */
  @picocli.CommandLine.Command(
      name = "export",
      description =
          "Writes the data set as JSON lines, as datasets, TRL and LLaMA-Factory read it.",
      footer = {
        "",
        "Example: ./fewshot dataset export --task support-intent support-intent.jsonl",
        "A line has input, output, task, example_id, labeler, split (TRAIN or HOLDOUT) and",
        "created_at in milliseconds since the epoch; and, for TRL, the same as prompt and",
        "completion, each a list of one {role, content}. What is to be trained on is",
        "--split train: releases are judged by the rest.",
        "--llama-factory enters the file into dataset_info.json beside it."
      })
  static final class Export extends ClusterCommand {

    private static final String STANDARD_OUTPUT = "-";
    private static final Set<String> SPLITS = Set.of("train", "holdout");

    @Option(names = "--task", paramLabel = "T", description = "Only that of this task.")
    private @Nullable String task;

    @Option(
        names = "--split",
        paramLabel = "S",
        description = "Only train or holdout (default: both).")
    private @Nullable String split;

    @Option(
        names = "--llama-factory",
        description = "Enter the file into dataset_info.json in its folder.")
    private boolean llamaFactory;

    @Parameters(paramLabel = "FILE", description = "Written anew; - for standard output.")
    private String path = "";

    Export(Console console) {
      super(console);
    }

    /** A record and when it was written, in milliseconds since the epoch. */
    private record Exported(TrainingExample record, long timestamp) {

      String line() {
        return DatasetLine.of(record, timestamp).toString();
      }
    }

    private boolean isWanted(TrainingExample record) {
      return split == null || record.getSplit().name().equalsIgnoreCase(split);
    }

    @Override
    void check() {
      if (path.isBlank()) {
        throw new BadInputException("FILE is empty: name a file, or - for standard output");
      }
      Path parent = Path.of(path).toAbsolutePath().getParent();
      if (!path.equals(STANDARD_OUTPUT) && parent != null && !Files.isDirectory(parent)) {
        throw new BadInputException(parent + " is no directory: make it, or choose another");
      }
      if (!path.equals(STANDARD_OUTPUT) && Files.isDirectory(Path.of(path))) {
        throw new BadInputException(path + " is a directory: name a file");
      }
      if (split != null && !SPLITS.contains(split.toLowerCase(Locale.ROOT))) {
        throw new BadInputException("--split is train or holdout, not " + split);
      }
      if (llamaFactory && path.equals(STANDARD_OUTPUT)) {
        throw new BadInputException("--llama-factory needs a FILE, not -");
      }
    }

    @Override
    int run(Cluster cluster) throws IOException {
      Path info = Path.of(path).toAbsolutePath().resolveSibling(LlamaFactory.INFO);
      if (llamaFactory) {
        // Before the work, not after it.
        LlamaFactory.read(info);
      }
      Collection<Exported> records =
          read(cluster).values().stream().filter(each -> isWanted(each.record())).toList();
      if (path.equals(STANDARD_OUTPUT)) {
        records.forEach(each -> console.result(each.line()));
      } else {
        write(Path.of(path), records);
      }
      if (llamaFactory) {
        String name = LlamaFactory.register(Path.of(path));
        console.say("LLaMA-Factory: dataset_dir " + info.getParent() + ", dataset " + name);
      }
      report(records);
      return DONE;
    }

    /** By key, each as it is now. */
    private Map<String, Exported> read(Cluster cluster) {
      RecordCodec<TrainingExample> codec = cluster.codecs().codec(TrainingExample.class);
      Map<String, Exported> latest = new LinkedHashMap<>();
      try (TopicReader reader = new TopicReader(cluster, cluster.topics().sftDataset())) {
        reader.readToEnd(
            record -> {
              String key = TopicReader.key(record);
              latest.remove(key);
              if (record.value() != null
                  && (task == null || key.startsWith(Topics.exampleKey(task, "")))) {
                keep(latest, key, codec, record);
              }
              return true;
            });
      }
      return latest;
    }

    private void keep(
        Map<String, Exported> latest,
        String key,
        RecordCodec<TrainingExample> codec,
        ConsumerRecord<byte[], byte[]> record) {
      try {
        TrainingExample example = codec.decode(record.topic(), record.headers(), record.value());
        latest.put(key, new Exported(example, record.timestamp()));
      } catch (RegistryUnavailableException e) {
        throw e;
      } catch (RecordException e) {
        console.say("skipped " + key + ": " + e.getMessage());
      }
    }

    /** Beside the file first, so that a reader never finds half of it; a device as it is. */
    private static void write(Path path, Collection<Exported> records) throws IOException {
      if (Files.exists(path) && !Files.isRegularFile(path)) {
        fill(path, records);
        return;
      }
      Path file = Files.exists(path) ? path.toRealPath() : path.toAbsolutePath();
      Path part = file.resolveSibling("." + file.getFileName() + ".part");
      try {
        fill(part, records);
        Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(part);
      }
    }

    private static void fill(Path file, Collection<Exported> records) throws IOException {
      try (BufferedWriter out = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
        for (Exported each : records) {
          out.write(each.line());
          out.write('\n');
        }
      }
    }

    private void report(Collection<Exported> records) {
      long holdout =
          records.stream().filter(each -> each.record().getSplit() == Split.HOLDOUT).count();
      if (json && !path.equals(STANDARD_OUTPUT)) {
        print(
            JsonLines.object()
                .put("file", path)
                .put("count", records.size())
                .put("train", records.size() - holdout)
                .put("holdout", holdout));
      } else {
        console.say(
            "exported %,d records, %,d of them held out".formatted(records.size(), holdout));
      }
    }
  }
}
