package io.fewshot.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fewshot.ladder.FineTuned;
import io.fewshot.ladder.WrittenConfidence;
import io.fewshot.model.LoraAdapter;
import io.fewshot.model.LoraConfig;
import io.fewshot.model.LoraLayout;
import io.fewshot.model.LoraLayout.Piece;
import io.fewshot.model.LoraModule;
import io.fewshot.model.ModelException;
import io.fewshot.training.SafeTensors.Content;
import io.fewshot.training.SafeTensors.Tensor;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A fine-tuned model's files, as Hugging Face's PEFT has them: {@code adapter_model.safetensors}
 * and {@code adapter_config.json}, a classifier's head as the module {@code score}; besides them
 * {@code fewshot.json} with the labels in order and how it was trained, and {@code seen.bin} with
 * the marks of the texts, eight bytes each.
 *
 * <p>The engine keeps rotary pairs half a head apart, as Hugging Face does, so rows stay in order
 * whatever the model's file had.
 */
public final class LoraFiles {

  static final String TENSORS = "adapter_model.safetensors";
  static final String PEFT = "adapter_config.json";
  static final String CONFIG = "fewshot.json";
  static final String SEEN = "seen.bin";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PREFIX = "base_model.model.";
  private static final String SCORE = PREFIX + "score.weight";

  private LoraFiles() {}

  /**
   * @param training how it was trained, for whoever wants to do it again
   */
  static Artifact write(FineTuned tuned, LoraLayout layout, Map<String, ?> training) {
    LoraAdapter adapter = tuned.adapter();
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (Piece piece : layout.pieces()) {
      int end = piece.offset() + piece.size();
      float[] values = Arrays.copyOfRange(adapter.values(), piece.offset(), end);
      tensors.put(
          PREFIX + "model." + piece.name(),
          new Tensor(new int[] {piece.rows(), piece.columns()}, values));
    }
    if (!tuned.writes()) {
      int labels = tuned.labels().size();
      int width = adapter.head().length / labels;
      tensors.put(SCORE, new Tensor(new int[] {labels, width}, adapter.head()));
    }
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put(TENSORS, SafeTensors.write(new Content(tensors, Map.of("format", "pt"))));
    files.put(PEFT, text(peft(tuned)));
    files.put(CONFIG, text(config(tuned, training)));
    ByteBuffer seen = ByteBuffer.allocate(8 * tuned.seen().size());
    tuned.seen().stream().sorted().forEach(seen::putLong);
    files.put(SEEN, seen.array());
    return Artifact.pack(files);
  }

  private static byte[] text(ObjectNode json) {
    return (json.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8);
  }

  private static ObjectNode peft(FineTuned tuned) {
    LoraConfig lora = tuned.adapter().config();
    ObjectNode config = JSON.createObjectNode();
    config.put("peft_type", "LORA");
    config.put("task_type", tuned.writes() ? "CAUSAL_LM" : "SEQ_CLS");
    config.put("base_model_name_or_path", tuned.model());
    config.put("inference_mode", true);
    config.put("r", lora.rank());
    config.put("lora_alpha", lora.alpha());
    config.put("lora_dropout", 0.0);
    config.put("bias", "none");
    config.put("fan_in_fan_out", false);
    config.put("use_rslora", false);
    config.set(
        "target_modules",
        JSON.valueToTree(lora.modules().stream().map(LoraModule::target).sorted().toList()));
    config.set("modules_to_save", tuned.writes() ? null : JSON.valueToTree(List.of("score")));
    return config;
  }

  private static ObjectNode config(FineTuned tuned, Map<String, ?> training) {
    ObjectNode config = JSON.createObjectNode();
    config.put("format", "fewshot-lora-1");
    config.put("model", tuned.model());
    config.put("temperature", tuned.temperature());
    config.put("confidence_offset", tuned.confidence().offset());
    config.put("confidence_slope", tuned.confidence().slope());
    config.put("max_tokens", tuned.maxTokens());
    config.set("labels", JSON.valueToTree(tuned.labels()));
    config.set("training", JSON.valueToTree(training));
    return config;
  }

  /**
   * Reads a fine-tuned model.
   *
   * @throws ReleaseException when the files are not those of one
   */
  public static FineTuned read(Artifact artifact, String version) {
    Map<String, byte[]> files = artifact.files();
    try {
      JsonNode config = JSON.readTree(file(files, CONFIG));
      JsonNode peft = JSON.readTree(file(files, PEFT));
      List<String> labels = Arrays.asList(JSON.convertValue(config.path("labels"), String[].class));
      LoraConfig lora =
          LoraConfig.of(
              peft.path("r").asInt(),
              peft.path("lora_alpha").asDouble(),
              Arrays.asList(JSON.convertValue(peft.path("target_modules"), String[].class)));
      Map<String, Tensor> tensors = SafeTensors.read(file(files, TENSORS)).tensors();
      float[] head = labels.isEmpty() ? new float[0] : tensor(tensors, SCORE).values();
      return new FineTuned(
          new LoraAdapter(version, lora, values(tensors, lora), labels, head),
          config.path("model").asText(),
          config.path("temperature").asDouble(),
          config.path("max_tokens").asInt(),
          new WrittenConfidence(
              config.path("confidence_offset").asDouble(0),
              config.path("confidence_slope").asDouble(1)),
          seen(file(files, SEEN)));
    } catch (IOException | IllegalArgumentException | NullPointerException | ModelException e) {
      throw new ReleaseException(
          "its files are not those of a fine-tuned model: " + e.getMessage(), e);
    }
  }

  private static byte[] file(Map<String, byte[]> files, String name) {
    byte[] content = files.get(name);
    if (content == null) {
      throw new ReleaseException(name + " is missing in it");
    }
    return content;
  }

  private static Tensor tensor(Map<String, Tensor> tensors, String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new ReleaseException("the tensor " + name + " is missing in it");
    }
    return tensor;
  }

  private static float[] values(Map<String, Tensor> tensors, LoraConfig lora) {
    LoraLayout layout =
        LoraLayout.of(
            layers(tensors),
            lora,
            (module, down) -> {
              Tensor first = tensor(tensors, PREFIX + "model." + Piece.name(0, module, down));
              return down ? first.shape()[1] : first.shape()[0];
            });
    float[] values = new float[layout.length()];
    for (Piece piece : layout.pieces()) {
      Tensor tensor = tensor(tensors, PREFIX + "model." + piece.name());
      if (!Arrays.equals(tensor.shape(), new int[] {piece.rows(), piece.columns()})) {
        throw new ReleaseException("the tensor " + piece.name() + " is not of its shape");
      }
      System.arraycopy(tensor.values(), 0, values, piece.offset(), piece.size());
    }
    return values;
  }

  private static int layers(Map<String, Tensor> tensors) {
    String start = PREFIX + "model.layers.";
    return 1
        + tensors.keySet().stream()
            .filter(name -> name.startsWith(start))
            .map(name -> name.substring(start.length()))
            .mapToInt(name -> Integer.parseInt(name.substring(0, name.indexOf('.'))))
            .max()
            .orElse(0);
  }

  private static Set<Long> seen(byte[] bytes) {
    Set<Long> seen = new HashSet<>();
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    try {
      while (buffer.hasRemaining()) {
        seen.add(buffer.getLong());
      }
    } catch (BufferUnderflowException e) {
      throw new ReleaseException(SEEN + " is cut", e);
    }
    return seen;
  }
}
