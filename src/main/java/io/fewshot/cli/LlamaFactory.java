package io.fewshot.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What LLaMA-Factory knows of data sets: {@code dataset_info.json} in the folder where they lie,
 * with an entry for each that says which file it is and which of its columns mean what.
 */
final class LlamaFactory {

  static final String INFO = "dataset_info.json";
  private static final ObjectMapper JSON = new ObjectMapper();

  private LlamaFactory() {}

  /**
   * Adds the entry of an exported file, or replaces it; all others stay.
   *
   * @return the data set's name: the file's, without what follows the last dot
   * @throws BadInputException when there is such a file and it is not a JSON object
   */
  static String register(Path file) throws IOException {
    String fileName = String.valueOf(file.getFileName());
    int dot = fileName.lastIndexOf('.');
    String name = dot > 0 ? fileName.substring(0, dot) : fileName;
    Path info = file.toAbsolutePath().resolveSibling(INFO);
    ObjectNode all = read(info);
    ObjectNode entry = all.putObject(name).put("file_name", fileName).put("formatting", "alpaca");
    entry.putObject("columns").put("prompt", "input").put("response", "output");
    Files.writeString(info, all.toPrettyString() + "\n", StandardCharsets.UTF_8);
    return name;
  }

  /** The entries that there are; none when there is no file. */
  static ObjectNode read(Path info) throws IOException {
    if (!Files.exists(info)) {
      return JSON.createObjectNode();
    }
    try {
      JsonNode there = JSON.readTree(Files.readString(info, StandardCharsets.UTF_8));
      if (there instanceof ObjectNode object) {
        return object;
      }
    } catch (JsonProcessingException e) {
      // Said below.
    }
    throw new BadInputException(
        info + " is not a JSON object: mend it or move it away, then export again");
  }
}
