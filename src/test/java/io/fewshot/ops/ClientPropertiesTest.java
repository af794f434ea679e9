package io.fewshot.ops;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.streams.StreamsConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ClientPropertiesTest {

  private static Settings settings(Map<String, String> given) {
    Map<String, String> all = new HashMap<>(given);
    all.put(Settings.BOOTSTRAP, "broker:1");
    return Settings.load(all, null, Map.of());
  }

  private static Settings withAllOfStreams() {
    Map<String, String> given = new HashMap<>();
    StreamsConfig.configDef().names().forEach(name -> given.put(name, "x"));
    for (String prefix :
        Set.of(
            "main.consumer.", "restore.consumer.", "global.consumer.", "topic.", "client.tag.")) {
      given.put(prefix + "some.name", "x");
    }
    return settings(given);
  }

  @Test
  void settingsOfKafkaStreamsReachNoClientThatDoesNotKnowThem() {
    // Given every setting that Kafka Streams has
    Settings settings = withAllOfStreams();

    // When, Then
    assertThat(unknown(settings.consumer(), ConsumerConfig.configNames())).isEmpty();
    assertThat(unknown(settings.producer(), ProducerConfig.configNames())).isEmpty();
    assertThat(unknown(settings.admin(), AdminClientConfig.configNames())).isEmpty();
  }

  private static Set<String> unknown(Map<String, Object> given, Set<String> names) {
    Set<String> unknown = new TreeSet<>(given.keySet());
    unknown.removeAll(names);
    return unknown;
  }

  @Test
  void allOfThemReachKafkaStreams() {
    assertThat(withAllOfStreams().streams().keySet())
        .containsAll(StreamsConfig.configDef().names())
        .contains("main.consumer.some.name");
  }

  @Test
  void theProtocolOfTheApplicationsGroupsIsNotThatOfOtherConsumers() {
    Settings settings = settings(Map.of("group.protocol", "streams"));

    assertThat(settings.consumer()).doesNotContainKey("group.protocol");
    assertThat(settings.streams()).containsEntry("group.protocol", "streams");
    assertThat(settings(Map.of("consumer.group.protocol", "consumer")).consumer())
        .containsEntry("group.protocol", "consumer");
  }

  @ParameterizedTest
  @ValueSource(strings = {"security.protocol", "sasl.jaas.config", "request.timeout.ms", "my.own"})
  void whatClientsShareAndWhatNobodyKnowsReachesAll(String name) {
    Settings settings = settings(Map.of(name, "x"));

    assertThat(settings.consumer()).containsEntry(name, "x");
    assertThat(settings.producer()).containsEntry(name, "x");
    assertThat(settings.admin()).containsEntry(name, "x");
    assertThat(settings.streams()).containsEntry(name, "x");
  }
}
