package io.fewshot.stream;

import io.fewshot.event.InternalSerde;
import io.fewshot.event.Topics;
import io.fewshot.event.internal.CorrectedMessage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * What corrections have done to each message: which ones took effect, so that a repeated one
 * changes nothing, and in which tasks they taught, so that it can be taken back. Holds no texts and
 * no outputs.
 */
final class CorrectedMessages {

  /** A message is corrected once or twice; more than this is a machine gone wild. */
  private static final int REMEMBERED = 64;

  private final KeyValueStore<String, CorrectedMessage> store;

  CorrectedMessages(KeyValueStore<String, CorrectedMessage> store) {
    this.store = store;
  }

  static StoreBuilder<KeyValueStore<String, CorrectedMessage>> store(String name) {
    return Stores.keyValueStoreBuilder(
            Stores.persistentKeyValueStore(name), Serdes.String(), InternalSerde.correctedMessage())
        .withLoggingEnabled(Map.of("max.message.bytes", Integer.toString(Topics.TEXT_BYTES)))
        .withCachingDisabled();
  }

  /** The first 64 bits of SHA-256 over the parts. */
  static long hash(String... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String part : parts) {
        byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
        digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).array());
        digest.update(bytes);
      }
      return ByteBuffer.wrap(digest.digest()).getLong();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }

  /** Whether the very same record took effect already. */
  boolean isDone(String queryId, long hash) {
    return get(queryId).getDone().contains(hash);
  }

  void corrected(String queryId, String task, long hash) {
    CorrectedMessage before = get(queryId);
    Set<String> tasks = new LinkedHashSet<>(before.getTasks());
    tasks.add(task);
    store.put(
        queryId,
        CorrectedMessage.newBuilder(before)
            .setTasks(List.copyOf(tasks))
            .setDone(with(before, hash))
            .build());
  }

  /**
   * Notes that the message was forgotten. What was done is still known, by its hashes alone, so
   * that old corrections that are read again do not bring it back.
   *
   * @return the tasks in which it may have an example
   */
  List<String> forget(String queryId, long time, long hash) {
    CorrectedMessage before = get(queryId);
    store.put(
        queryId,
        CorrectedMessage.newBuilder()
            .setDone(with(before, hash))
            .setForgottenAt(Instant.ofEpochMilli(time))
            .build());
    return before.getTasks();
  }

  /**
   * Notes that what was said about the message was taken back, and nothing else of it.
   *
   * @return the tasks in which it may have an example
   */
  List<String> undo(String queryId, long hash) {
    CorrectedMessage before = get(queryId);
    store.put(
        queryId,
        CorrectedMessage.newBuilder(before)
            .setTasks(List.of())
            .setDone(with(before, hash))
            .build());
    return before.getTasks();
  }

  /** Whether a message of this time was forgotten before it came here. */
  boolean isForgotten(String queryId, Instant time) {
    Instant forgotten = get(queryId).getForgottenAt();
    return forgotten != null && !time.isAfter(forgotten);
  }

  private static List<Long> with(CorrectedMessage before, long hash) {
    List<Long> done = new ArrayList<>(before.getDone());
    done.add(hash);
    return done.size() > REMEMBERED
        ? List.copyOf(done.subList(done.size() - REMEMBERED, done.size()))
        : done;
  }

  private CorrectedMessage get(String queryId) {
    CorrectedMessage found = store.get(queryId);
    return found == null ? CorrectedMessage.newBuilder().build() : found;
  }
}
