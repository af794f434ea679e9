package io.fewshot.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fewshot.ladder.LinearHead;
import io.fewshot.training.SafeTensors.Content;
import io.fewshot.training.SafeTensors.Tensor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A linear head as files: {@code head.safetensors} with the tensors {@code weight} ({@code [labels,
 * dimensions]}) and {@code bias}, and {@code fold.N.weight} and {@code fold.N.bias}; {@code
 * config.json} with the labels in order, the encoder and how it was trained.
 */
public final class HeadFiles {

  static final String TENSORS = "head.safetensors";
  static final String CONFIG = "config.json";
  private static final ObjectMapper JSON = new ObjectMapper();

  private HeadFiles() {}

  /**
   * @param training how it was trained, for whoever wants to do it again
   */
  static Artifact write(LinearHead head, Map<String, ?> training) {
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    put(tensors, "", head, head.weights());
    for (int i = 0; i < head.folds().size(); i++) {
      put(tensors, "fold." + i + ".", head, head.folds().get(i));
    }
    ObjectNode config = JSON.createObjectNode();
    config.put("format", "fewshot-head-1");
    config.put("encoder", head.encoder());
    config.put("dimensions", head.columns() - 1);
    config.put("folds", head.folds().size());
    config.set("labels", JSON.valueToTree(head.labels()));
    config.set("training", JSON.valueToTree(training));
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put(TENSORS, SafeTensors.write(new Content(tensors, Map.of("format", "pt"))));
    files.put(
        CONFIG, (config.toPrettyString() + "\n").getBytes(java.nio.charset.StandardCharsets.UTF_8));
    return Artifact.pack(files);
  }

  private static void put(
      Map<String, Tensor> tensors, String prefix, LinearHead head, float[] weights) {
    int labels = head.labels().size();
    int dimensions = head.columns() - 1;
    float[] weight = new float[labels * dimensions];
    float[] bias = new float[labels];
    for (int k = 0; k < labels; k++) {
      System.arraycopy(weights, k * head.columns(), weight, k * dimensions, dimensions);
      bias[k] = weights[k * head.columns() + dimensions];
    }
    tensors.put(prefix + "weight", new Tensor(new int[] {labels, dimensions}, weight));
    tensors.put(prefix + "bias", new Tensor(new int[] {labels}, bias));
  }

  /**
   * Reads a head.
   *
   * @throws ReleaseException when the files are not those of a head
   */
  public static LinearHead read(Artifact artifact, String version) {
    Map<String, byte[]> files = artifact.files();
    byte[] config = files.get(CONFIG);
    byte[] tensors = files.get(TENSORS);
    if (config == null || tensors == null) {
      throw new ReleaseException("%s or %s is missing in it".formatted(CONFIG, TENSORS));
    }
    try {
      JsonNode json = JSON.readTree(config);
      List<String> labels = Arrays.asList(JSON.convertValue(json.path("labels"), String[].class));
      int dimensions = json.path("dimensions").asInt();
      Map<String, Tensor> read = SafeTensors.read(tensors).tensors();
      List<float[]> folds = new ArrayList<>();
      for (int i = 0; i < json.path("folds").asInt(); i++) {
        folds.add(weights(read, "fold." + i + ".", labels.size(), dimensions));
      }
      return new LinearHead(
          version,
          json.path("encoder").asText(),
          labels,
          dimensions + 1,
          weights(read, "", labels.size(), dimensions),
          folds);
    } catch (IOException | IllegalArgumentException | NullPointerException e) {
      throw new ReleaseException("its files are not those of a head: " + e.getMessage(), e);
    }
  }

  private static float[] weights(
      Map<String, Tensor> tensors, String prefix, int labels, int dimensions) {
    Tensor weight = tensors.get(prefix + "weight");
    Tensor bias = tensors.get(prefix + "bias");
    if (weight == null
        || bias == null
        || weight.values().length != labels * dimensions
        || bias.values().length != labels) {
      throw new ReleaseException(
          "%sweight or %sbias is missing, or not of %d labels".formatted(prefix, prefix, labels));
    }
    float[] weights = new float[labels * (dimensions + 1)];
    for (int k = 0; k < labels; k++) {
      int at = k * (dimensions + 1);
      System.arraycopy(weight.values(), k * dimensions, weights, at, dimensions);
      weights[at + dimensions] = bias.values()[k];
    }
    return weights;
  }
}
