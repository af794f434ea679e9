package io.fewshot.event;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fewshot.event.RegistryHttp.Answer;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * A client of the Confluent schema registry's REST protocol, which Apicurio and others speak too.
 * What it learned is kept: a schema's id never changes its meaning. Safe for use by several
 * threads.
 *
 * <p>Every method throws {@link RegistryUnavailableException} when no address answers within the
 * bounded number of attempts.
 */
public final class SchemaRegistry {

  private final RegistryHttp http;
  private final boolean registers;
  private final Map<Integer, String> schemas = new ConcurrentHashMap<>();
  private final Refusals refusals;
  private final Map<SubjectAndSchema, Integer> ids = new ConcurrentHashMap<>();

  private record SubjectAndSchema(String subject, String schema) {}

  private SchemaRegistry(RegistryHttp http, boolean registers, Refusals refusals) {
    this.http = http;
    this.registers = registers;
    this.refusals = refusals;
  }

  /**
   * A client for these properties; nothing is asked yet.
   *
   * <p>Names are Confluent's: {@code schema.registry.url} (several, separated by commas), {@code
   * basic.auth.user.info}, {@code bearer.auth.token}, {@code schema.registry.ssl.*}, {@code
   * auto.register.schemas}; and our own {@code schema.registry.request.timeout.ms} (5000) and
   * {@code schema.registry.attempts} (4).
   *
   * @throws IllegalArgumentException when the properties make no sense
   */
  public static SchemaRegistry of(Map<String, ?> properties) {
    return of(properties, InstantSource.system());
  }

  static SchemaRegistry of(Map<String, ?> properties, InstantSource clock) {
    Object registers = properties.get("auto.register.schemas");
    return new SchemaRegistry(
        new RegistryHttp(RegistryConfig.of(properties)),
        registers == null || Boolean.parseBoolean(registers.toString()),
        new Refusals(clock));
  }

  /**
   * The id of a schema under a subject; registers it when it is not there, unless {@code
   * auto.register.schemas} is false.
   *
   * @throws SchemaRejectedException when it is incompatible with an earlier version or invalid, or
   *     missing and not to be registered
   */
  public int register(String subject, String schema) {
    SubjectAndSchema wanted = new SubjectAndSchema(subject, schema);
    Integer known = ids.get(wanted);
    if (known != null) {
      return known;
    }
    ObjectNode body = JsonNodeFactory.instance.objectNode().put("schema", schema);
    String path = "/subjects/" + segment(subject);
    Answer answer = http.post(registers ? path + "/versions" : path, body);
    if (registers && !isRegistered(answer)) {
      // Two that register the same at once: one may be refused, and finds the other's.
      Answer found = http.post(path, body);
      answer = isRegistered(found) ? found : answer;
    }
    if (!isRegistered(answer)) {
      throw new SchemaRejectedException(
          "the registry refuses the schema of " + subject + ": " + answer.message());
    }
    int id = answer.body().path("id").asInt();
    ids.put(wanted, id);
    return id;
  }

  private static boolean isRegistered(Answer answer) {
    return answer.status() < 300 && answer.body().path("id").isInt();
  }

  /**
   * The text of the schema with this id. That there is none is taken for true for a second, so that
   * a flood of bad records is not a flood of questions.
   *
   * @throws UnknownSchemaException when there is none
   * @throws UndecodableException when it is not an Avro schema, or refers to other subjects
   */
  public String schema(int id) {
    String known = known(id);
    if (known != null) {
      return known;
    }
    try {
      String schema = ask(id);
      schemas.put(id, schema);
      return schema;
    } catch (UnknownSchemaException | UndecodableException e) {
      refusals.note(id, e);
      throw e;
    }
  }

  /**
   * The text of the schema with this id when it was asked for before, else null; asks nobody.
   *
   * @throws UnknownSchemaException when there was none a moment ago
   * @throws UndecodableException when there was one that cannot be read
   */
  @Nullable String known(int id) {
    String known = schemas.get(id);
    if (known == null) {
      if (id < 0) {
        throw new UnknownSchemaException("no schema has the id " + id);
      }
      refusals.check(id);
    }
    return known;
  }

  private String ask(int id) {
    Answer answer = http.get("/schemas/ids/" + id);
    if (answer.status() >= 300) {
      throw new UnknownSchemaException(
          "the registry has no schema with id " + id + ": " + answer.message());
    }
    String type = answer.body().path("schemaType").asText("AVRO");
    if (!"AVRO".equals(type)) {
      throw new UndecodableException("the schema with id " + id + " is " + type + ", not Avro");
    }
    if (!answer.body().path("references").isEmpty()) {
      throw new UndecodableException("the schema with id " + id + " refers to other subjects");
    }
    String schema = answer.body().path("schema").asText("");
    if (schema.isEmpty()) {
      throw new RegistryUnavailableException(
          "the registry's answer for id " + id + " is no schema");
    }
    return schema;
  }

  /** Whether a schema may become the next version of a subject; true when there is none yet. */
  public boolean isCompatible(String subject, String schema) {
    ObjectNode body = JsonNodeFactory.instance.objectNode().put("schema", schema);
    Answer answer =
        http.post("/compatibility/subjects/" + segment(subject) + "/versions/latest", body);
    return answer.status() == 404 || answer.body().path("is_compatible").asBoolean(false);
  }

  /** The subjects there are; asks each time, and so tells whether the registry is there. */
  public List<String> subjects() {
    Answer answer = http.get("/subjects");
    if (!answer.body().isArray()) {
      throw new RegistryUnavailableException("no subjects: " + answer.message());
    }
    return StreamSupport.stream(answer.body().spliterator(), false)
        .map(subject -> subject.asText())
        .toList();
  }

  private static String segment(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  @Override
  public String toString() {
    return "SchemaRegistry" + http;
  }
}
