package io.fewshot.ops;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;

/**
 * The meters of one process, the JVM's among them. Owned by whoever runs the services. The number
 * of series is bounded: of Kafka's meters the useful ones are kept, and no more than {@value
 * #MOST_TASKS} tasks are told apart. All names are described in {@code topology-docs/metrics.md}.
 */
public final class Metrics implements AutoCloseable {

  static final int MOST_TASKS = 500;

  private final PrometheusMeterRegistry registry = new OurRegistry();
  private final JvmGcMetrics gc = new JvmGcMetrics();

  public Metrics() {
    registry
        .config()
        .meterFilter(new KafkaMeters())
        .meterFilter(
            MeterFilter.maximumAllowableTags("fewshot", "task", MOST_TASKS, MeterFilter.deny()));
    gc.bindTo(registry);
    new JvmMemoryMetrics().bindTo(registry);
    new JvmThreadMetrics().bindTo(registry);
    new ClassLoaderMetrics().bindTo(registry);
    new ProcessorMetrics().bindTo(registry);
    new UptimeMetrics().bindTo(registry);
  }

  /** Where meters are made. */
  public MeterRegistry registry() {
    return registry;
  }

  /** All values now, in Prometheus's text format. */
  public String scrape() {
    return registry.scrape();
  }

  @Override
  public void close() {
    gc.close();
    registry.close();
  }
}
