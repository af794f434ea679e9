package io.fewshot.stream;

import io.fewshot.memory.EncoderLoadingException;
import io.fewshot.memory.Encoders;
import io.fewshot.model.ProgressListener;
import io.fewshot.ops.BackgroundThread;
import io.fewshot.ops.Health;
import io.fewshot.ops.Metrics;
import io.fewshot.ops.Settings;
import io.fewshot.ops.SettingsException;
import io.fewshot.prompt.Language;
import io.fewshot.prompt.Rung;
import io.fewshot.prompt.TaskYaml;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * What computes in one process: the encoders and the language models. Owns both. They need neither
 * broker nor registry, so they can load while those start.
 */
public final class Engines implements AutoCloseable {

  private static final Duration ASK = Duration.ofMillis(50);

  private final Settings settings;
  private final Set<Rung> runnable;
  private final Encoders encoders = Encoders.loadedInBackground();
  private final StreamModels models;
  private final Health.Component encoderHealth;
  private final BackgroundThread loader;

  /**
   * @param able the rungs that the program has
   * @param downloads told how the download of a model goes on
   * @throws SettingsException when a setting makes no sense
   */
  Engines(
      Settings settings,
      Set<Rung> able,
      Health health,
      Metrics metrics,
      ProgressListener downloads) {
    this.settings = settings;
    this.runnable = runnable(settings, able);
    this.models = StreamModels.open(settings, health, metrics.registry(), downloads);
    this.encoderHealth = health.component("encoder");
    this.loader = new BackgroundThread("fewshot-load", encoderHealth, this::loadEncoder);
  }

  /** The rungs that this process can run: all that there are, unless the settings name fewer. */
  private static Set<Rung> runnable(Settings settings, Set<Rung> able) {
    if (settings.rungs().isEmpty()) {
      return EnumSet.copyOf(able);
    }
    Set<Rung> named = EnumSet.noneOf(Rung.class);
    for (String label : settings.rungs()) {
      named.add(
          Rung.ofLabel(label)
              .orElseThrow(
                  () -> new SettingsException("fewshot.rungs: there is no rung `" + label + "`")));
    }
    named.retainAll(able);
    return named;
  }

  /** Loads in the background what the first message would otherwise wait for. */
  void load() {
    loader.start();
    if (runnable.contains(Rung.FEW_SHOT)) {
      List<String> named = settings.models();
      (named.isEmpty() ? List.of(TaskYaml.DEFAULT_MODEL) : named).forEach(models::preload);
    }
  }

  /** However long it takes: a cache directory may be full now and not in an hour. */
  private void loadEncoder(BackgroundThread self) {
    do {
      try {
        encoders.of(Language.EN).encode(List.of("warm up"));
        encoderHealth.ready();
        self.stop();
      } catch (EncoderLoadingException e) {
        encoderHealth.starting(String.valueOf(e.getMessage()));
      }
    } while (self.pause(ASK));
  }

  Set<Rung> runnable() {
    return runnable;
  }

  Encoders encoders() {
    return encoders;
  }

  StreamModels models() {
    return models;
  }

  @Override
  public void close() {
    loader.close();
    models.close();
    encoders.close();
  }
}
