package io.fewshot.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.time.InstantSource;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SchemaLookupsTest {

  private FakeRegistry registry;
  private SchemaLookups lookups;

  @BeforeEach
  void start() throws IOException {
    registry = FakeRegistry.start();
    registry.schemas.put(7, "\"string\"");
    Map<String, String> properties =
        Map.of("schema.registry.url", registry.url(), "schema.registry.attempts", "1");
    lookups = new SchemaLookups(SchemaRegistry.of(properties), InstantSource.system());
  }

  @AfterEach
  void stop() {
    lookups.close();
    registry.close();
  }

  @Test
  void aSchemaThatIsNotKnownIsLookedUpInTheBackground() {
    assertThatThrownBy(() -> lookups.schema(7)).isInstanceOf(RegistryUnavailableException.class);

    await().ignoreExceptions().until(() -> lookups.schema(7).equals("\"string\""));
    assertThat(lookups.failure()).isNull();
  }

  @Test
  void aSchemaThatDoesNotExistIsSaidToBeUnknown() {
    await()
        .untilAsserted(
            () ->
                assertThatThrownBy(() -> lookups.schema(99))
                    .isInstanceOf(UnknownSchemaException.class));
  }

  @Test
  void anAbsentRegistryIsAskedNowAndThenWhateverTheNumberOfIds() {
    registry.faults.set(Integer.MAX_VALUE);
    for (int id = 100; id < 500; id++) {
      int wanted = id;
      assertThatThrownBy(() -> lookups.schema(wanted))
          .isInstanceOf(RegistryUnavailableException.class);
    }
    await().until(() -> lookups.failure() != null);
    int asked = registry.requests.get();

    assertThat(asked).isLessThan(20);
    registry.faults.set(0);
    await()
        .ignoreExceptionsInstanceOf(RegistryUnavailableException.class)
        .until(() -> lookups.schema(7).equals("\"string\""));
    assertThat(lookups.failure()).isNull();
  }
}
