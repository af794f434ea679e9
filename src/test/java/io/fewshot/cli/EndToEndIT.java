package io.fewshot.cli;

import io.fewshot.embedded.Embedded;
import java.util.Map;

/** On the broker in this process and the registry beside it. */
class EndToEndIT extends EndToEndScenario {

  private Embedded embedded;

  @Override
  Map<String, String> startCluster() {
    embedded = Embedded.startTemporary();
    return embedded.properties();
  }

  @Override
  void stopCluster() {
    embedded.close();
  }
}
