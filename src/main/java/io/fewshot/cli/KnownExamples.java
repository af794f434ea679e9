package io.fewshot.cli;

import io.fewshot.event.Example;
import io.fewshot.event.RecordCodec;
import io.fewshot.event.RecordException;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.Topics;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** The examples of one task that are there already, to tell what an import changes. */
final class KnownExamples {

  /** What each says, as a hash: a memory may be larger than this process. */
  private final Map<String, Long> said = new HashMap<>();

  /** What an example does to those that are there. */
  enum Change {
    NEW,
    REPLACED,
    REPEATED
  }

  /**
   * Reads the topic to its end.
   *
   * @throws org.apache.kafka.common.errors.AuthorizationException when that is not allowed
   */
  static KnownExamples read(Cluster cluster, String task) {
    KnownExamples known = new KnownExamples();
    String prefix = Topics.exampleKey(task, "");
    RecordCodec<Example> codec = cluster.codecs().codec(Example.class);
    try (TopicReader reader = new TopicReader(cluster, cluster.topics().examples())) {
      reader.readToEnd(
          record -> {
            String key = TopicReader.key(record);
            if (key.startsWith(prefix)) {
              known.apply(key, codec, record);
            }
            return true;
          });
    }
    return known;
  }

  private void apply(
      String key, RecordCodec<Example> codec, ConsumerRecord<byte[], byte[]> record) {
    if (record.value() == null) {
      said.remove(key);
      return;
    }
    try {
      put(codec.decode(record.topic(), record.headers(), record.value()));
    } catch (RegistryUnavailableException e) {
      throw e;
    } catch (RecordException e) {
      // Whatever it is, it is no example that this import could replace.
    }
  }

  /** Adds an example and says what that changes. */
  Change put(Example example) {
    long says =
        (long) example.getInput().hashCode() << 32
            | (example.getOutput().hashCode() & 0xFFFF_FFFFL);
    Long before = said.put(Examples.key(example), says);
    if (before == null) {
      return Change.NEW;
    }
    return before == says ? Change.REPEATED : Change.REPLACED;
  }
}
