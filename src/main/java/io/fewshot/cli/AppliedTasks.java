package io.fewshot.cli;

import io.fewshot.event.RecordCodec;
import io.fewshot.event.RecordException;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.prompt.InvalidTaskException;
import io.fewshot.prompt.TaskDefinition;
import io.fewshot.prompt.TaskYaml;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.AuthorizationException;

/**
 * The task definitions on a cluster.
 *
 * @param readable whether this user may read them; otherwise none is known, and none unknown
 */
record AppliedTasks(
    Cluster cluster, boolean readable, Map<String, ConsumerRecord<byte[], byte[]>> records) {

  /** Reads those that are there now. */
  static AppliedTasks read(Cluster cluster) {
    try {
      return new AppliedTasks(cluster, true, TopicReader.latest(cluster, cluster.topics().tasks()));
    } catch (AuthorizationException e) {
      return new AppliedTasks(cluster, false, Map.of());
    }
  }

  /** Whether it is sure that there is no such task. */
  boolean isMissing(String task) {
    return readable && !records.containsKey(task);
  }

  /** A task's definition; empty when there is none that can be read. */
  Optional<TaskDefinition> find(String task) {
    ConsumerRecord<byte[], byte[]> record = records.get(task);
    if (record == null) {
      return Optional.empty();
    }
    RecordCodec<io.fewshot.event.TaskDefinition> codec =
        cluster.codecs().codec(io.fewshot.event.TaskDefinition.class);
    try {
      return Optional.of(
          new TaskYaml()
              .parse(
                  codec.decode(record.topic(), record.headers(), record.value()).getDefinition()));
    } catch (RegistryUnavailableException e) {
      throw e;
    } catch (RecordException | InvalidTaskException e) {
      // It is not in force; whoever applied it was told why.
      return Optional.empty();
    }
  }
}
