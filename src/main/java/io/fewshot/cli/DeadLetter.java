package io.fewshot.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fewshot.event.RecordException;
import io.fewshot.event.RegistryUnavailableException;
import io.fewshot.event.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * A record that could not be processed, as it lies in the topic.
 *
 * @param record key, headers and bytes as they came, and headers that say where from and why
 * @param decoded what it says, as far as that can be read
 */
record DeadLetter(ConsumerRecord<byte[], byte[]> record, Optional<SpecificRecord> decoded) {

  private static final String ERRORS = "__streams.errors.";
  private static final String OURS = "fewshot.";

  /** Header of a record that was put back: which dead letter it was. */
  static final String REPLAYED = "fewshot.replayed";

  static DeadLetter of(Cluster cluster, ConsumerRecord<byte[], byte[]> record) {
    return new DeadLetter(record, decode(cluster, record));
  }

  private static Optional<SpecificRecord> decode(
      Cluster cluster, ConsumerRecord<byte[], byte[]> record) {
    Optional<Topic> origin =
        cluster.topics().all().stream()
            .filter(topic -> topic.name().equals(header(record, ERRORS + "topic")))
            .findFirst();
    if (origin.isEmpty() || origin.get().record() == null || record.value() == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          cluster
              .codecs()
              .codec(origin.get().record())
              .decode(origin.get().name(), record.headers(), record.value()));
    } catch (RegistryUnavailableException e) {
      throw e;
    } catch (RecordException e) {
      // That may be why it lies here.
      return Optional.empty();
    }
  }

  /** What it is called: its place, which never changes. */
  String id() {
    return Long.toString(record.offset());
  }

  Instant time() {
    return Instant.ofEpochMilli(record.timestamp());
  }

  String reason() {
    return header(record, OURS + "reason");
  }

  /** The topic that it came from; empty when nobody says. */
  String topic() {
    return header(record, ERRORS + "topic");
  }

  String message() {
    return header(record, ERRORS + "message");
  }

  @Nullable String key() {
    return record.key() == null ? null : new String(record.key(), StandardCharsets.UTF_8);
  }

  /** A field of what it says; empty when that has none, or cannot be read. */
  Optional<String> field(String name) {
    return decoded.flatMap(
        value -> {
          Schema.Field field = value.getSchema().getField(name);
          Object found = field == null ? null : value.get(field.pos());
          return Optional.ofNullable(found).map(Object::toString);
        });
  }

  /** The record as it was written first; empty when its bytes were too many to be kept. */
  Optional<ProducerRecord<byte[], byte[]>> original() {
    if (topic().isEmpty() || (record.value() == null && reason().equals("TOO_LARGE"))) {
      return Optional.empty();
    }
    ProducerRecord<byte[], byte[]> original =
        new ProducerRecord<>(topic(), null, record.key(), record.value());
    for (Header each : record.headers()) {
      boolean added =
          each.key().startsWith(ERRORS)
              || each.key().equals(OURS + "stage")
              || each.key().equals(OURS + "reason")
              || each.key().equals(OURS + "size")
              || each.key().equals(REPLAYED);
      if (!added) {
        original.headers().add(each);
      }
    }
    original.headers().add(REPLAYED, id().getBytes(StandardCharsets.UTF_8));
    return Optional.of(original);
  }

  ObjectNode json(@Nullable String dealtWith) {
    ObjectNode line =
        JsonLines.object()
            .put("id", id())
            .put("created_at", record.timestamp())
            .put("reason", reason())
            .put("stage", header(record, OURS + "stage"))
            .put("topic", topic())
            .put("partition", number("partition"))
            .put("offset", number("offset"))
            .put("key", key())
            .put("task", field("task").orElse(null))
            .put("query_id", field("query_id").orElse(null))
            .put("message", message())
            .put("bytes", record.value() == null ? 0 : record.value().length)
            .put("dealt_with", dealtWith);
    line.set("record", decoded.map(JsonLines::of).orElse(null));
    return line;
  }

  private long number(String name) {
    try {
      return Long.parseLong(header(record, ERRORS + name));
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
    Header header = record.headers().lastHeader(name);
    return header == null || header.value() == null
        ? ""
        : new String(header.value(), StandardCharsets.UTF_8);
  }
}
