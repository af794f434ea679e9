package io.fewshot.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.specific.SpecificData;
import org.junit.jupiter.api.Test;

class TopicsTest {

  @Test
  void theContractsTopicsAreThereUnderThePrefix() {
    List<String> names = Topics.of("shop.", 3).all().stream().map(Topic::name).toList();

    assertThat(names)
        .contains(
            "shop.queries",
            "shop.results",
            "shop.labeling",
            "shop.corrections",
            "shop.examples",
            "shop.sft-dataset",
            "shop.retrain",
            "shop.artifacts",
            "shop.releases",
            "shop.active",
            "shop.tasks",
            "shop.dead-letters");
  }

  @Test
  void whatIsJoinedByKeyHasAsManyPartitions() {
    Topics topics = Topics.of("shop.", 3);

    assertThat(topics.corrections().partitions()).isEqualTo(topics.seen().partitions());
    assertThat(topics.examples().partitions()).isEqualTo(topics.sftDataset().partitions());
  }

  @Test
  void keptAsTheContractSays() {
    Topics topics = Topics.standard();

    assertThat(topics.queries().configuration())
        .containsAllEntriesOf(Map.of("cleanup.policy", "delete", "retention.ms", "604800000"));
    assertThat(topics.corrections().configuration()).containsEntry("retention.ms", "-1");
    assertThat(topics.deadLetters().configuration()).containsEntry("retention.ms", "-1");
    assertThat(topics.examples().configuration())
        .containsEntry("cleanup.policy", "compact")
        .doesNotContainKey("retention.ms");
    assertThat(topics.artifacts().maxMessageBytes()).isGreaterThan(1 << 20);
  }

  @Test
  void anUnknownLabelFailsByName() {
    assertThatThrownBy(() -> Topics.standard().topic("querys"))
        .hasMessageContaining("'querys'")
        .hasMessageContaining("queries");
    assertThatThrownBy(() -> Topics.standard().withPartitions("querys", 2))
        .hasMessageContaining("'querys'");
  }

  @Test
  void partitionsCanBeChosenForOneTopic() {
    Topics topics = Topics.standard().withPartitions("queries", 24);

    assertThat(topics.queries().partitions()).isEqualTo(24);
    assertThat(topics.results().partitions()).isEqualTo(Topics.DEFAULT_PARTITIONS);
    assertThatThrownBy(() -> topics.withPartitions("queries", 0))
        .hasMessageContaining("at least one");
  }

  @Test
  void theClassesAreThoseOfTheFiles() throws IOException {
    for (Topic topic : Topics.standard().all()) {
      if (topic.record() != null) {
        String text = Schemas.text(topic.record());
        assertThat(text)
            .isEqualTo(
                Files.readString(Path.of("schemas", topic.record().getSimpleName() + ".avsc")));
        Schema fromClass = SpecificData.get().getSchema(topic.record());
        assertThat(new Schema.Parser().parse(text).toString())
            .isEqualTo(
                fromClass
                    .toString()
                    .replace(",\"avro.java.string\":\"String\"", "")
                    .replace("{\"type\":\"string\"}", "\"string\""));
      }
    }
  }
}
