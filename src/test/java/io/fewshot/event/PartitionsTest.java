package io.fewshot.event;

import static org.assertj.core.api.Assertions.assertThat;

import io.fewshot.event.TopicAdmin.Difference;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PartitionsTest {

  private static final Topics TOPICS = Topics.of("p.", 6);

  private final Map<String, Integer> found = new HashMap<>();

  PartitionsTest() {
    TOPICS.all().forEach(topic -> found.put(topic.name(), topic.partitions()));
  }

  private List<String> differences(Topics wanted) {
    return new Partitions(found).differences(wanted).stream().map(Difference::toString).toList();
  }

  @Test
  void asTheyWereMadeTheyFit() {
    assertThat(differences(TOPICS)).isEmpty();
  }

  @Test
  void whatGrewTogetherFitsAndWhatGrewAloneDoesNot() {
    found.put("p.queries", 8);
    assertThat(differences(TOPICS)).containsExactly("p.queries: partitions should be 6, is 8");

    found.put("p.results", 8);
    found.put("p.labeling", 8);

    assertThat(differences(TOPICS)).isEmpty();
    assertThat(differences(Topics.of("p.", 8))).as("with the setting that goes with it").isEmpty();
    assertThat(differences(Topics.of("p.", 12))).hasSize(3);
  }

  @Test
  void whatIsJoinedMustBeEqual() {
    found.put("p.seen", 8);
    assertThat(differences(TOPICS)).containsExactly("p.seen: partitions should be 6, is 8");
    assertThat(differences(Topics.of("p.", 8)))
        .contains("p.corrections-by-query: partitions should be 8, is 6");

    found.put("p.corrections-by-query", 8);

    assertThat(differences(TOPICS)).isEmpty();
  }

  @Test
  void theTopicBehindAStoreHasAsManyAsItsSources() {
    Map<String, Set<String>> sources =
        Map.of("app-waiting-changelog", Set.of("p.queries"), "app-new-changelog", Set.of("p.seen"));
    found.put("app-waiting-changelog", 6);
    assertThat(new Partitions(found).differences(sources)).isEmpty();

    found.put("p.queries", 8);

    assertThat(new Partitions(found).differences(sources))
        .extracting(Difference::toString)
        .containsExactly("app-waiting-changelog: partitions should be 8, is 6");
  }
}
