package io.fewshot.cli;

import io.fewshot.event.TaskDefinition;
import io.fewshot.model.ModelCatalogue;
import io.fewshot.prompt.InvalidTaskException;
import io.fewshot.prompt.TaskYaml;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.Optional;

/**
 * A file with a task definition that can be used.
 *
 * @param text the YAML as it stands in the file
 */
record TaskFile(String path, String text, io.fewshot.prompt.TaskDefinition definition) {

  /**
   * Reads a file.
   *
   * @throws BadInputException when it is not there or cannot be used
   */
  static TaskFile read(String path) {
    String text;
    try {
      text = Files.readString(InputFile.file(path));
    } catch (CharacterCodingException e) {
      throw new BadInputException(path + " is not UTF-8: convert it, for instance with iconv");
    } catch (IOException e) {
      throw new BadInputException(path + " cannot be read: " + e.getMessage());
    }
    TaskFile file;
    try {
      file = new TaskFile(path, text, new TaskYaml().parse(text));
    } catch (InvalidTaskException e) {
      throw new BadInputException(path + ": " + e.getMessage());
    }
    Optional<String> problem = ModelCatalogue.shipped().problem(file.definition.model());
    if (problem.isPresent()) {
      throw new BadInputException(path + ": " + problem.get());
    }
    return file;
  }

  /** The task's name. */
  String task() {
    return definition.task();
  }

  TaskDefinition record() {
    return TaskDefinition.newBuilder()
        .setTask(task())
        .setDefinition(text)
        .setCreatedAt(Instant.now())
        .build();
  }
}
