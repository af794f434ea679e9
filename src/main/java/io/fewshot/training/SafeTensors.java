package io.fewshot.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Hugging Face's file format for tensors, as far as 32-bit floats: the length of a JSON header in
 * eight little-endian bytes, the header with each tensor's type, shape and place, the data.
 */
final class SafeTensors {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String METADATA = "__metadata__";
  private static final int ALIGNMENT = 8;

  private SafeTensors() {}

  /** A tensor, row by row. */
  @SuppressWarnings("ArrayRecordComponent")
  record Tensor(int[] shape, float[] values) {}

  /** What a file holds. */
  record Content(Map<String, Tensor> tensors, Map<String, String> metadata) {}

  static byte[] write(Content content) {
    ObjectNode header = JSON.createObjectNode();
    if (!content.metadata.isEmpty()) {
      ObjectNode metadata = header.putObject(METADATA);
      content.metadata.forEach(metadata::put);
    }
    int size = 0;
    for (Map.Entry<String, Tensor> entry : content.tensors.entrySet()) {
      ObjectNode described = header.putObject(entry.getKey());
      described.put("dtype", "F32");
      described.set("shape", JSON.valueToTree(entry.getValue().shape));
      int end = Math.addExact(size, Math.multiplyExact(4, entry.getValue().values.length));
      described.putArray("data_offsets").add(size).add(end);
      size = end;
    }
    String text = header.toString();
    int length = text.getBytes(StandardCharsets.UTF_8).length;
    // Spaces at its end: the data should begin at a multiple of eight.
    text += " ".repeat(Math.floorMod(-length, ALIGNMENT));
    byte[] head = text.getBytes(StandardCharsets.UTF_8);
    ByteBuffer file = ByteBuffer.allocate(8 + head.length + size).order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(head.length).put(head);
    for (Tensor tensor : content.tensors.values()) {
      for (float value : tensor.values) {
        file.putFloat(value);
      }
    }
    return file.array();
  }

  /**
   * Reads a file.
   *
   * @throws ReleaseException when it is none, or holds something else than 32-bit floats
   */
  static Content read(byte[] bytes) {
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    long length = bytes.length < 8 ? -1 : file.getLong();
    if (length < 2 || length > bytes.length - 8) {
      throw new ReleaseException("not a safetensors file: its header does not fit");
    }
    byte[] head = new byte[(int) length];
    file.get(head);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    Map<String, String> metadata = new LinkedHashMap<>();
    try {
      for (Map.Entry<String, JsonNode> field : JSON.readTree(head).properties()) {
        if (field.getKey().equals(METADATA)) {
          field
              .getValue()
              .properties()
              .forEach(e -> metadata.put(e.getKey(), e.getValue().asText()));
        } else {
          tensors.put(field.getKey(), tensor(field.getKey(), field.getValue(), file.slice()));
        }
      }
    } catch (IOException e) {
      throw new ReleaseException("not a safetensors file: " + e.getMessage(), e);
    }
    return new Content(tensors, metadata);
  }

  private static Tensor tensor(String name, JsonNode described, ByteBuffer data) {
    int[] shape = JSON.convertValue(described.path("shape"), int[].class);
    long from = described.path("data_offsets").path(0).asLong(-1);
    long to = described.path("data_offsets").path(1).asLong(-1);
    long count = 1;
    for (int size : shape == null ? new int[] {-1} : shape) {
      count = Math.multiplyExact(count, size);
    }
    if (!"F32".equals(described.path("dtype").asText())
        || shape == null
        || from < 0
        || to > data.remaining()
        || to - from != 4 * count) {
      throw new ReleaseException("the tensor " + name + " is not 32-bit floats of its shape");
    }
    float[] values = new float[(int) count];
    data.order(ByteOrder.LITTLE_ENDIAN).position((int) from);
    data.slice().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return new Tensor(shape, values);
  }
}
