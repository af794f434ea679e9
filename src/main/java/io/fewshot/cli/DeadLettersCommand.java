package io.fewshot.cli;

import io.fewshot.event.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * What could not be processed: looking at it, putting it back and dropping it. The topic itself is
 * never changed; what was dealt with is noted in a topic of its own, in the same transaction that
 * puts a record back, so that it is put back once.
 */
@picocli.CommandLine.Command(
    name = "dead-letters",
    description = "What could not be processed, and putting it back.",
    footer = {"", "Example: ./fewshot dead-letters list --reason UNKNOWN_TASK --since 1h"})
final class DeadLettersCommand extends Group {

  DeadLettersCommand(Console console) {
    super(console);
  }

  /** What selects some of them. */
  abstract static class Selecting extends ClusterCommand {

    @Parameters(arity = "0..*", paramLabel = "ID", description = "Only these, as list shows them.")
    protected List<String> ids = List.of();

    @Option(names = "--reason", paramLabel = "R", description = "Only those with this reason.")
    private @Nullable String reason;

    @Option(names = "--task", paramLabel = "T", description = "Only those of this task.")
    private @Nullable String task;

    @Option(
        names = "--since",
        paramLabel = "TIME",
        description = "Only those since then: 2h, 3d, PT90M or 2026-01-31T12:00:00Z.")
    private @Nullable String since;

    private Instant from = Instant.EPOCH;

    Selecting(Console console) {
      super(console);
    }

    /** Whether those that were dealt with are wanted too. */
    boolean all() {
      return false;
    }

    final boolean isFiltered() {
      return !ids.isEmpty() || reason != null || task != null || since != null;
    }

    @Override
    void check() {
      if (since != null) {
        from = time(since, Instant.now());
      }
      for (String id : ids) {
        if (!id.chars().allMatch(Character::isDigit)) {
          throw new BadInputException("a dead letter's id is a number, not " + id);
        }
      }
    }

    static Instant time(String text, Instant now) {
      try {
        if (text.matches("\\d{1,6}[smhd]")) {
          String unit = text.endsWith("d") ? "P" : "PT";
          return now.minus(Duration.parse(unit + text.toUpperCase(java.util.Locale.ROOT)));
        }
        return text.startsWith("P") ? now.minus(Duration.parse(text)) : Instant.parse(text);
      } catch (DateTimeParseException e) {
        throw new BadInputException(
            "--since is a time as 2h, 3d, PT90M or 2026-01-31T12:00:00Z, not " + text);
      }
    }

    /**
     * Gives out those that are selected as they are read, with what was done about each; null for
     * nothing. They may be more than there is memory for.
     *
     * @throws FailedException in the end when one that was named is not there
     */
    final void select(Cluster cluster, BiConsumer<DeadLetter, @Nullable String> each) {
      Map<String, String> marks = marks(cluster);
      Set<String> missing = new HashSet<>(ids);
      try (TopicReader reader = new TopicReader(cluster, cluster.topics().deadLetters())) {
        reader.readToEnd(
            record -> {
              String id = Long.toString(record.offset());
              missing.remove(id);
              boolean named = ids.isEmpty() || ids.contains(id);
              if (named && (all() || !ids.isEmpty() || !marks.containsKey(id))) {
                DeadLetter letter = DeadLetter.of(cluster, record);
                if (matches(letter)) {
                  each.accept(letter, marks.get(id));
                }
              }
              return true;
            });
      }
      if (!missing.isEmpty()) {
        throw new FailedException("there is no dead letter " + String.join(", ", missing));
      }
    }

    private boolean matches(DeadLetter letter) {
      return (reason == null || reason.equalsIgnoreCase(letter.reason()))
          && (task == null || letter.field("task").filter(task::equals).isPresent())
          && !letter.time().isBefore(from);
    }

    private static Map<String, String> marks(Cluster cluster) {
      Map<String, String> marks = new HashMap<>();
      TopicReader.latest(cluster, cluster.topics().deadLetterMarks())
          .forEach(
              (id, record) -> marks.put(id, new String(record.value(), StandardCharsets.UTF_8)));
      return marks;
    }
  }

  /** Lists them. */
  @picocli.CommandLine.Command(
      name = "list",
      description = "Lists those that nobody has dealt with.",
      footer = {"", "Example: ./fewshot dead-letters list --task support-intent --since 1d"})
  static final class ListLetters extends Selecting {

    @Option(names = "--all", description = "Those that were put back or dropped too.")
    private boolean all;

    ListLetters(Console console) {
      super(console);
    }

    @Override
    boolean all() {
      return all;
    }

    @Override
    int run(Cluster cluster) {
      int[] count = {0};
      select(
          cluster,
          (letter, mark) -> {
            count[0]++;
            if (json) {
              print(letter.json(mark));
            } else {
              console.result(line(letter, mark));
            }
          });
      console.say("%,d dead letters".formatted(count[0]));
      return DONE;
    }

    private String line(DeadLetter letter, @Nullable String mark) {
      return "%6s  %s  %-18s %-24s %s%s"
          .formatted(
              letter.id(),
              console.style().dim(letter.time().toString()),
              letter.reason(),
              Style.brief(letter.topic(), 24),
              Style.brief(letter.message(), 80),
              mark == null ? "" : "  (" + mark + ")");
    }
  }

  /** Shows all there is about some. */
  @picocli.CommandLine.Command(
      name = "show",
      description = "Shows dead letters with all that is known of them.",
      footer = {"", "Example: ./fewshot dead-letters show 17"})
  static final class Show extends Selecting {

    Show(Console console) {
      super(console);
    }

    @Override
    int run(Cluster cluster) {
      select(
          cluster,
          (letter, mark) -> {
            if (json) {
              print(letter.json(mark));
            } else {
              console.result(letter.json(mark).toPrettyString());
            }
          });
      return DONE;
    }
  }

  /** What deals with some, for good. */
  abstract static class Dealing extends Selecting {

    @Option(names = "--every", description = "Say so when no filter is meant.")
    private boolean every;

    Dealing(Console console) {
      super(console);
    }

    @Override
    void check() {
      super.check();
      if (!isFiltered() && !every) {
        throw new BadInputException("say which: ids, --reason, --task, --since, or --every");
      }
    }

    /** Notes what was done about one, in a record. */
    static ProducerRecord<byte[], byte[]> mark(Topic marks, DeadLetter letter, String what) {
      return new ProducerRecord<>(
          marks.name(),
          letter.id().getBytes(StandardCharsets.UTF_8),
          (what + " " + Instant.now()).getBytes(StandardCharsets.UTF_8));
    }

    /** Does something about those that nobody has dealt with; gives their number. */
    final int deal(Cluster cluster, String what, boolean back) {
      Topic marks = cluster.topics().deadLetterMarks();
      List<DeadLetter> lost = new ArrayList<>();
      int count = 0;
      // Known before the first is dealt with: one that is not there stops all of it.
      Map<DeadLetter, @Nullable String> selected = new LinkedHashMap<>();
      select(cluster, selected::put);
      try (Producer<byte[], byte[]> producer = cluster.transactionalProducer("dead-letters")) {
        producer.initTransactions();
        for (Map.Entry<DeadLetter, @Nullable String> each : selected.entrySet()) {
          DeadLetter letter = each.getKey();
          if (each.getValue() != null) {
            console.say("%s was %s already".formatted(letter.id(), each.getValue()));
            continue;
          }
          var original = letter.original();
          if (back && original.isEmpty()) {
            lost.add(letter);
            continue;
          }
          producer.beginTransaction();
          if (back) {
            original.ifPresent(producer::send);
          }
          producer.send(mark(marks, letter, what));
          producer.commitTransaction();
          count++;
          if (json) {
            print(letter.json(what));
          }
        }
      }
      if (!lost.isEmpty()) {
        console.say(
            "%d cannot be put back: their bytes were too many to be kept".formatted(lost.size()));
      }
      return count;
    }
  }

  /** Puts some back. */
  @picocli.CommandLine.Command(
      name = "replay",
      description = "Writes dead letters to the topic they came from, each once.",
      footer = {
        "",
        "Example: ./fewshot dead-letters replay --reason UNKNOWN_TASK --since 1h",
        "Key, headers and bytes are those that were written first; the header fewshot.replayed says",
        "which dead letter it was. One that fails again is a new dead letter."
      })
  static final class Replay extends Dealing {

    Replay(Console console) {
      super(console);
    }

    @Override
    int run(Cluster cluster) {
      console.say("put back %,d dead letters".formatted(deal(cluster, "replayed", true)));
      return DONE;
    }
  }

  /** Lets some go. */
  @picocli.CommandLine.Command(
      name = "drop",
      description = "Notes that dead letters need nothing any more; list leaves them out.",
      footer = {"", "Example: ./fewshot dead-letters drop 17 18"})
  static final class Drop extends Dealing {

    Drop(Console console) {
      super(console);
    }

    @Override
    int run(Cluster cluster) {
      console.say("dropped %,d dead letters".formatted(deal(cluster, "dropped", false)));
      return DONE;
    }
  }
}
