package io.fewshot.cli;

import io.fewshot.event.Topic;
import io.fewshot.event.TopicAdmin.Difference;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The topics: create and check. */
@picocli.CommandLine.Command(
    name = "topics",
    description = "The topics with partitions, clean-up and retention.",
    footer = {"", "Example: ./fewshot topics create"})
final class TopicsCommand extends Group {

  TopicsCommand(Console console) {
    super(console);
  }

  /** Creates those that are missing. */
  @picocli.CommandLine.Command(
      name = "create",
      description = "Creates the topics that are missing; leaves the others as they are.",
      footer = {"", "Example: ./fewshot topics create --replication 3"})
  static final class Create extends ClusterCommand {

    @Option(
        names = "--replication",
        paramLabel = "N",
        description = "Copies of each partition (default: fewshot.replication, or the broker's).")
    private @Nullable Integer replication;

    Create(Console console) {
      super(console);
    }

    @Override
    void check() {
      if (replication != null && (replication == 0 || replication < -1)) {
        throw new BadInputException("--replication must be at least 1, not " + replication);
      }
    }

    @Override
    int run(Cluster cluster) {
      int copies = replication == null ? cluster.settings().replication() : replication;
      List<String> created = cluster.topicAdmin().create(cluster.topics(), copies);
      for (Topic topic : cluster.topics().all()) {
        boolean isNew = created.contains(topic.name());
        if (json) {
          print(
              JsonLines.object()
                  .put("topic", topic.name())
                  .put("partitions", topic.partitions())
                  .put("created", isNew));
        } else {
          console.result("%-28s %s".formatted(topic.name(), isNew ? "created" : "was there"));
        }
      }
      return DONE;
    }
  }

  /** Compares those there are with those there should be. */
  @picocli.CommandLine.Command(
      name = "check",
      description = "Says how the topics differ from what they should be; status 1 if they do.",
      footer = {"", "Example: ./fewshot topics check"})
  static final class Check extends ClusterCommand {

    Check(Console console) {
      super(console);
    }

    @Override
    int run(Cluster cluster) {
      List<Difference> differences = cluster.topicAdmin().check(cluster.topics());
      for (Difference difference : differences) {
        if (json) {
          print(
              JsonLines.object()
                  .put("topic", difference.topic())
                  .put("what", difference.what())
                  .put("wanted", difference.wanted())
                  .put("found", difference.found()));
        } else {
          console.result(difference.toString());
        }
      }
      console.say(
          differences.isEmpty()
              ? "all %d topics are as they should be".formatted(cluster.topics().all().size())
              : "missing topics are made by ./fewshot topics create; settings are yours to change");
      return differences.isEmpty() ? DONE : FAILED;
    }
  }
}
