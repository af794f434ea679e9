package io.fewshot.model;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes small GGUF files for tests; written from the specification, not from the reader. */
public final class GgufWriter {

  private final Map<String, Object> metadata = new LinkedHashMap<>();
  private final List<Entry> tensors = new ArrayList<>();

  private record Entry(String name, int type, long[] dimensions, byte[] data) {}

  GgufWriter put(String key, Object value) {
    metadata.put(key, value);
    return this;
  }

  /** A tensor of floats, {@code rows x columns}; a vector when rows is 0. */
  GgufWriter tensor(String name, int rows, int columns, float[] values) {
    ByteBuffer data = little(values.length * 4);
    for (float value : values) {
      data.putFloat(value);
    }
    return tensor(name, 0, rows == 0 ? new long[] {columns} : new long[] {columns, rows}, data);
  }

  GgufWriter tensor(String name, int type, long[] dimensions, ByteBuffer data) {
    tensors.add(new Entry(name, type, dimensions, data.array()));
    return this;
  }

  byte[] bytes() {
    ByteArrayOutputStream header = new ByteArrayOutputStream();
    header.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    header.writeBytes(
        little(20).putInt(3).putLong(tensors.size()).putLong(metadata.size()).array());
    metadata.forEach(
        (key, value) -> {
          header.writeBytes(string(key));
          header.writeBytes(value(value, true));
        });
    long offset = 0;
    for (Entry tensor : tensors) {
      header.writeBytes(string(tensor.name));
      ByteBuffer entry = little(4 + 8 * tensor.dimensions.length + 12);
      entry.putInt(tensor.dimensions.length);
      for (long dimension : tensor.dimensions) {
        entry.putLong(dimension);
      }
      header.writeBytes(entry.putInt(tensor.type).putLong(offset).array());
      offset += (tensor.data.length + 31) / 32 * 32;
    }
    pad(header);
    for (Entry tensor : tensors) {
      header.writeBytes(tensor.data);
      pad(header);
    }
    return header.toByteArray();
  }

  public Path write(Path file) throws IOException {
    return Files.write(file, bytes());
  }

  private static void pad(ByteArrayOutputStream out) {
    while (out.size() % 32 != 0) {
      out.write(0);
    }
  }

  private static byte[] value(Object value, boolean typed) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    if (value instanceof String text) {
      type(out, 8, typed);
      out.writeBytes(string(text));
    } else if (value instanceof Integer number) {
      type(out, 4, typed);
      out.writeBytes(little(4).putInt(number).array());
    } else if (value instanceof Float number) {
      type(out, 6, typed);
      out.writeBytes(little(4).putFloat(number).array());
    } else if (value instanceof List<?> list) {
      type(out, 9, typed);
      int element = list.get(0) instanceof String ? 8 : 4;
      out.writeBytes(little(12).putInt(element).putLong(list.size()).array());
      list.forEach(item -> out.writeBytes(value(item, false)));
    } else {
      throw new IllegalArgumentException(value.getClass().getName());
    }
    return out.toByteArray();
  }

  private static void type(ByteArrayOutputStream out, int type, boolean typed) {
    if (typed) {
      out.writeBytes(little(4).putInt(type).array());
    }
  }

  private static byte[] string(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return little(8 + bytes.length).putLong(bytes.length).put(bytes).array();
  }

  static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
