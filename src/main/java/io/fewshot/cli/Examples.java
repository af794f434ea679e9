package io.fewshot.cli;

import io.fewshot.event.Example;
import io.fewshot.event.Topics;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.text.Normalizer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** Rows as examples. */
final class Examples {

  private static final int ID_CHARACTERS = 24;

  private Examples() {}

  /**
   * The example of a row that {@link RowCheck#example} let pass. Without an id of its own it gets
   * one that depends on what it says, so that importing it twice changes nothing.
   */
  static Example of(String task, Row row) {
    String output = row.label() == null ? "" : row.label();
    String id = row.exampleId() == null ? id(row.text(), output) : row.exampleId();
    return Example.newBuilder()
        .setExampleId(id)
        .setTask(task)
        .setInput(row.text())
        .setOutput(output)
        .setSource("import")
        .setLabeler("")
        .setCreatedAt(Instant.now())
        .build();
  }

  /**
   * All examples of a file.
   *
   * @throws BadInputException when a row is none
   */
  static List<Example> read(String task, String path, Console console) {
    List<Example> examples = new ArrayList<>();
    try (InputFile file = InputFile.open(path, console.in())) {
      file.forEach(
          row -> {
            RowCheck.example(path, row);
            examples.add(of(task, row));
          });
      file.sayNotes(console);
    }
    return examples;
  }

  /** The record's key. */
  static String key(Example example) {
    return Topics.exampleKey(example.getTask(), example.getExampleId());
  }

  private static String id(String text, String output) {
    String plain = Normalizer.normalize(text, Normalizer.Form.NFKC).strip().replaceAll("\\s+", " ");
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(plain.getBytes(StandardCharsets.UTF_8));
      digest.update((byte) 0);
      byte[] hash = digest.digest(output.strip().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash).substring(0, ID_CHARACTERS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }
}
