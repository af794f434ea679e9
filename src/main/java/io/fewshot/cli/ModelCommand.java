package io.fewshot.cli;

import io.fewshot.model.ModelCatalogue.Entry;
import io.fewshot.model.ModelStore;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Parameters;

/** The files of language models: which there are, and fetching them ahead of time. */
@picocli.CommandLine.Command(
    name = "model",
    description = "The files of language models.",
    footer = {"", "Example: ./fewshot model list"})
final class ModelCommand extends Group {

  ModelCommand(Console console) {
    super(console);
  }

  /** Lists the catalogue. */
  @picocli.CommandLine.Command(
      name = "list",
      description = "Lists the models that a task can name, and which are here.",
      footer = {"", "Example: ./fewshot model list --json"})
  static final class ListModels extends Command {

    ListModels(Console console) {
      super(console);
    }

    @Override
    int run() {
      ModelStore store = ModelStore.ofUser();
      for (String name : store.catalogue().names()) {
        Entry entry = store.catalogue().find(name).orElseThrow();
        boolean here = store.has(name);
        if (json) {
          print(
              JsonLines.object()
                  .put("model", name)
                  .put("bytes", entry.bytes())
                  .put("sha256", entry.sha256())
                  .put("licence", entry.licence())
                  .put("here", here));
        } else {
          console.result(
              "%-28s %,6d MB  %-8s %s"
                  .formatted(name, entry.bytes() / 1_000_000, here ? "here" : "", entry.use()));
        }
      }
      if (!json) {
        console.say("they lie in " + store.directory());
      }
      return DONE;
    }
  }

  /** Fetches some. */
  @picocli.CommandLine.Command(
      name = "pull",
      description =
          "Fetches models, so that a later start needs no network; checked by their hash.",
      footer = {"", "Example: ./fewshot model pull smollm2-135m-instruct"})
  static final class Pull extends Command {

    @Parameters(arity = "1..*", paramLabel = "NAME", description = "Models, as list shows them.")
    private List<String> names = List.of();

    Pull(Console console) {
      super(console);
    }

    @Override
    int run() {
      ModelStore store = ModelStore.ofUser();
      for (String name : names) {
        if (store.catalogue().find(name).isEmpty()) {
          throw new BadInputException(
              "there is no model %s; take one of %s".formatted(name, store.catalogue().names()));
        }
      }
      for (String name : names) {
        Path file;
        try (Steps steps = new Steps(console)) {
          file = store.fetch(name, steps::download);
        }
        if (json) {
          print(JsonLines.object().put("model", name).put("file", file.toString()));
        } else {
          console.result("%s is at %s".formatted(name, file));
        }
      }
      return DONE;
    }
  }
}
