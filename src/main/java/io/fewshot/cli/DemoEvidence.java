package io.fewshot.cli;

import io.fewshot.event.Example;
import io.fewshot.event.Result;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What is shown beside an answer: the nearest example that speaks for it. The very nearest may
 * speak for another one, and is then no evidence.
 */
final class DemoEvidence {

  private final Map<String, Example> examples = new HashMap<>();

  /** Of a file's examples. */
  static DemoEvidence of(List<Example> examples) {
    DemoEvidence evidence = new DemoEvidence();
    examples.forEach(evidence::add);
    return evidence;
  }

  /** One more; of several with one id the last counts, as in the memory. */
  void add(Example example) {
    examples.put(example.getExampleId(), example);
  }

  /** A few words. */
  String of(Result result) {
    List<String> ids = result.getExampleIds();
    if (ids.isEmpty()) {
      return "no examples";
    }
    String more = ids.size() > 1 ? " and " + (ids.size() - 1) + " more" : "";
    for (String id : ids) {
      Example example = examples.get(id);
      if (example != null && example.getOutput().equals(result.getOutput())) {
        return "like \"" + Style.brief(example.getInput(), 40) + "\"" + more;
      }
    }
    Example nearest = examples.get(ids.get(0));
    return nearest == null
        ? "like " + ids.get(0) + more
        : "unlike \"%s\" (%s)%s"
            .formatted(
                Style.brief(nearest.getInput(), 40), Style.brief(nearest.getOutput(), 20), more);
  }
}
