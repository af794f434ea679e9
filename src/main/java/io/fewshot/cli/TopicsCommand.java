package io.fewshot.cli;

import io.fewshot.event.Topic;
import io.fewshot.event.TopicAdmin.Difference;
import io.fewshot.stream.Changelogs;
import io.fewshot.stream.TopicGrowth;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The topics: create, check and grow. */
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

  /** Gives those that carry the load more partitions. */
  @picocli.CommandLine.Command(
      name = "grow",
      description = "Gives the topics that carry the load more partitions; services may run on.",
      footer = {
        "",
        "Example: ./fewshot topics grow --partitions 12",
        "Grown are queries, results and labeling, and what keeps the messages that wait. The others",
        "keep their number: what they hold is found by key. It can be repeated.",
        "Messages of a key that are sent while it grows may be answered in another order."
      })
  static final class Grow extends ClusterCommand {

    @Option(
        names = "--partitions",
        paramLabel = "N",
        required = true,
        description = "How many each of them has then; never fewer than before.")
    private int partitions;

    Grow(Console console) {
      super(console);
    }

    @Override
    void check() {
      if (partitions < 1 || partitions > 10_000) {
        throw new BadInputException("--partitions must be from 1 to 10000, not " + partitions);
      }
    }

    @Override
    int run(Cluster cluster) {
      TopicGrowth growth =
          new TopicGrowth(
              cluster.topicAdmin(),
              cluster.topics(),
              Changelogs.of(cluster.topics(), cluster.settings().applicationIdPrefix()));
      growth.grow(partitions).forEach(this::tell);
      if (!json) {
        console.say(
            "set fewshot.partitions to "
                + partitions
                + " for topics that are yet to be made; messages sent in the last moments may be"
                + " answered out of their key's order");
      }
      return DONE;
    }

    private void tell(TopicGrowth.Grown topic) {
      boolean grown = topic.after() > topic.before();
      if (json) {
        print(
            JsonLines.object()
                .put("topic", topic.name())
                .put("partitions", topic.after())
                .put("before", topic.before())
                .put("grown", grown));
      } else {
        console.result(
            "%-44s %s"
                .formatted(
                    topic.name(),
                    grown
                        ? topic.before() + " to " + topic.after()
                        : topic.after() + " as before"));
      }
    }
  }
}
