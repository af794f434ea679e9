package io.fewshot.event;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;

/** The text of the public schemas, as it stands in {@code schemas/}. */
public final class Schemas {

  private Schemas() {}

  /**
   * The text of a record's schema.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static String text(Class<?> record) {
    String path = "/schemas/" + record.getSimpleName() + ".avsc";
    try (InputStream in = Schemas.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new IllegalArgumentException("no schema for " + record.getName() + " at " + path);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + path, e);
    }
  }

  /**
   * Registers the schema of every topic that holds records; does nothing for those already there.
   *
   * @return the ids by subject
   * @throws RegistryUnavailableException when the registry cannot be asked
   * @throws SchemaRejectedException when it holds an incompatible one
   */
  public static Map<String, Integer> register(Topics topics, SchemaRegistry registry) {
    Map<String, Integer> ids = new LinkedHashMap<>();
    for (Topic topic : topics.all()) {
      Class<? extends SpecificRecord> record = topic.record();
      if (record != null) {
        ids.put(topic.subject(), registry.register(topic.subject(), text(record)));
      }
    }
    return ids;
  }
}
