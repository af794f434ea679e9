package io.fewshot.cli;

import io.fewshot.event.RecordCodec;
import io.fewshot.event.RecordException;
import io.fewshot.event.Result;
import io.fewshot.event.Topic;
import java.time.Instant;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Reads results. */
@picocli.CommandLine.Command(
    name = "results",
    description = "Reads results, from the beginning to where they end now.",
    footer = {"", "Example: ./fewshot results --task support-intent --limit 10"})
final class ResultsCommand extends ClusterCommand {

  @Option(names = "--follow", description = "Go on with those that come, until Ctrl-C.")
  private boolean follow;

  @Option(names = "--task", paramLabel = "T", description = "Only those of this task.")
  private @Nullable String task;

  @Option(names = "--limit", paramLabel = "N", description = "At most so many.")
  private long limit = Long.MAX_VALUE;

  private long shown;

  ResultsCommand(Console console) {
    super(console);
  }

  @Override
  void check() {
    if (limit < 1) {
      throw new BadInputException("--limit must be at least 1, not " + limit);
    }
  }

  @Override
  int run(Cluster cluster) {
    Topic topic = cluster.topics().results();
    RecordCodec<Result> codec = cluster.codecs().codec(Result.class);
    ResultLine lines = new ResultLine(console.style());
    try (TopicReader reader = new TopicReader(cluster, topic)) {
      if (follow) {
        reader.follow(record -> show(record, codec, lines));
      } else {
        reader.readToEnd(record -> show(record, codec, lines));
      }
    } catch (StoppedException e) {
      if (!follow) {
        throw e;
      }
    }
    if (shown == 0) {
      console.say("no results" + (task == null ? "" : " of task " + task) + " yet");
    }
    return DONE;
  }

  /** Whether to go on. */
  private boolean show(
      ConsumerRecord<byte[], byte[]> record, RecordCodec<Result> codec, ResultLine lines) {
    read(console, codec, record)
        .filter(result -> task == null || task.equals(result.getTask()))
        .ifPresent(
            result -> {
              shown++;
              if (json) {
                print(JsonLines.of(result));
              } else {
                console.result(lines.of(result, Instant.ofEpochMilli(record.timestamp())));
              }
            });
    return shown < limit;
  }

  /** The record; empty, and said, when it cannot be read. */
  static Optional<Result> read(
      Console console, RecordCodec<Result> codec, ConsumerRecord<byte[], byte[]> record) {
    if (record.value() == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(codec.decode(record.topic(), record.headers(), record.value()));
    } catch (io.fewshot.event.RegistryUnavailableException e) {
      throw e;
    } catch (RecordException e) {
      console.say(
          "skipped %s-%d at %d: %s"
              .formatted(record.topic(), record.partition(), record.offset(), e.getMessage()));
      return Optional.empty();
    }
  }
}
