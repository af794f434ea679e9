package io.fewshot.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.fewshot.memory.Encoders;
import io.fewshot.model.EngineBench;
import io.fewshot.model.ModelCatalogue;
import io.fewshot.model.ModelStore;
import io.fewshot.model.Precision;
import io.fewshot.model.ProgressListener;
import io.fewshot.model.Scores;
import io.fewshot.model.Scoring;
import io.fewshot.model.TorchLanguageModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;

/**
 * Scores what the ladder asks for, and writes requests and answers down, so that another engine may
 * be given the same token ids. Arguments: precision, messages, times, a JSON file to write, then
 * {@code --examples} and {@code --messages} as for {@code bench engine}.
 */
final class ScoringMain {

  private ScoringMain() {}

  public static void main(String[] arguments) throws Exception {
    Precision precision = Precision.ofLabel(arguments[0]);
    int count = Integer.parseInt(arguments[1]);
    int times = Integer.parseInt(arguments[2]);
    BenchFiles files = new BenchFiles();
    String[] named = java.util.Arrays.copyOfRange(arguments, 4, arguments.length);
    CommandLine.populateCommand(files, named);
    Console console = Console.system();
    Path file = ModelStore.ofUser().fetch(ModelCatalogue.DEFAULT, ProgressListener.NONE);
    try (Encoders encoders = new Encoders();
        TorchLanguageModel model =
            TorchLanguageModel.load(ModelCatalogue.DEFAULT, file, precision, "cpu")) {
      List<Scoring> requests =
          RecordedRequests.of(
              encoders, model, files.examples(console), files.messages(console, count));
      List<Scores> scores = model.score(requests);
      for (int i = 0; i < times; i++) {
        double core = EngineBench.coreSeconds();
        long start = System.nanoTime();
        model.score(requests);
        System.out.printf(
            "%s: %d messages, %.2f messages/s, %.2f a core-second%n",
            model.version(),
            requests.size(),
            requests.size() / ((System.nanoTime() - start) / 1e9),
            requests.size() / (EngineBench.coreSeconds() - core));
      }
      List<Map<String, Object>> written = new ArrayList<>();
      for (int i = 0; i < requests.size(); i++) {
        Scoring request = requests.get(i);
        written.add(
            Map.of(
                "shared", request.shared(),
                "prompt", request.prompt(),
                "candidates", request.candidates(),
                "scores", scores.get(i).logLikelihoods()));
      }
      new ObjectMapper().writeValue(Path.of(arguments[3]).toFile(), written);
    }
  }
}
