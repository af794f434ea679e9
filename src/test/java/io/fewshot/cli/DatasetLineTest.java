package io.fewshot.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.fewshot.event.Split;
import io.fewshot.event.TrainingExample;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetLineTest {

  @TempDir Path folder;

  @Test
  void aLineHasTheRecordsFieldsAndTheConversation() {
    String line = DatasetLine.of(example("a \"card\"\n丢了", Instant.ofEpochMilli(5)), 7).toString();

    assertThat(line)
        .isEqualTo(
            "{\"input\":\"a \\\"card\\\"\\n丢了\",\"output\":\"lost\",\"task\":\"t\","
                + "\"example_id\":\"e\",\"labeler\":\"ann\",\"split\":\"HOLDOUT\","
                + "\"created_at\":5,"
                + "\"prompt\":[{\"role\":\"user\",\"content\":\"a \\\"card\\\"\\n丢了\"}],"
                + "\"completion\":[{\"role\":\"assistant\",\"content\":\"lost\"}]}");
  }

  @Test
  void whatDoesNotSayWhenItWasMadeWasMadeWhenItWasWritten() {
    assertThat(DatasetLine.of(example("x", null), 7).get("created_at").longValue()).isEqualTo(7);
  }

  @Test
  void llamaFactoryIsToldWhichColumnsMeanWhatAndTheOtherDataSetsStay() throws Exception {
    // Given
    Path info = folder.resolve("dataset_info.json");
    Files.writeString(info, "{\"other\": {\"file_name\": \"other.json\"}}");

    // When
    String name = LlamaFactory.register(folder.resolve("support.intent.jsonl"));
    LlamaFactory.register(folder.resolve("support.intent.jsonl"));

    // Then
    assertThat(name).isEqualTo("support.intent");
    assertThat(new ObjectMapper().readTree(info.toFile()))
        .isEqualTo(
            new ObjectMapper()
                .readTree(
                    """
                    {"other": {"file_name": "other.json"},
                     "support.intent": {
                       "file_name": "support.intent.jsonl",
                       "formatting": "alpaca",
                       "columns": {"prompt": "input", "response": "output"}}}
                    """));
  }

  @Test
  void anInfoFileThatIsSomethingElseIsLeftAlone() throws Exception {
    Path info = folder.resolve("dataset_info.json");
    Files.writeString(info, "[1");

    assertThatThrownBy(() -> LlamaFactory.register(folder.resolve("x.jsonl")))
        .isInstanceOf(BadInputException.class)
        .hasMessageContaining("not a JSON object");
    assertThat(info).hasContent("[1");
  }

  static TrainingExample example(String input, @Nullable Instant createdAt) {
    return TrainingExample.newBuilder()
        .setInput(input)
        .setOutput("lost")
        .setTask("t")
        .setExampleId("e")
        .setLabeler("ann")
        .setSplit(Split.HOLDOUT)
        .setCreatedAt(createdAt)
        .build();
  }
}
