package io.fewshot.training;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;

/** What the trainer counts. Safe for use by several threads. */
final class TrainingMeters {

  private final MeterRegistry registry;
  private final Map<String, AtomicReference<Double>> gauges = new ConcurrentHashMap<>();

  TrainingMeters(MeterRegistry registry) {
    this.registry = registry;
  }

  /** How far a task's training is, from 0 to 1. */
  void progress(String task, double done) {
    gauge("fewshot.training.progress", "How far the task's training is, from 0 to 1", task, done);
  }

  void ended(String task, String method, Outcome outcome, Duration took) {
    String name = outcome.getClass().getSimpleName().toLowerCase(Locale.ROOT);
    Timer.builder("fewshot.training.time")
        .description("Trainings by what came of them, and how long they took")
        .tags("task", task, "method", method, "outcome", name)
        .register(registry)
        .record(took);
    outcome
        .metrics()
        .forEach(
            (metric, value) -> {
              if (metric.endsWith("accuracy")) {
                gauge(
                    "fewshot.training." + metric.replace('_', '.'),
                    "Of the task's last candidate or what it was compared with",
                    task,
                    value);
              }
            });
  }

  private void gauge(String name, String description, String task, double value) {
    gauges
        .computeIfAbsent(
            name + "/" + task,
            key -> {
              AtomicReference<Double> holder = new AtomicReference<>(value);
              io.micrometer.core.instrument.Gauge.builder(name, holder, now -> now.get())
                  .description(description)
                  .tags("task", task)
                  .register(registry);
              return holder;
            })
        .set(value);
  }
}
