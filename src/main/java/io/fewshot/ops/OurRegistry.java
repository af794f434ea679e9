package io.fewshot.ops;

import io.micrometer.core.instrument.AbstractDistributionSummary;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.distribution.DistributionStatisticConfig;
import io.micrometer.core.instrument.distribution.HistogramSnapshot;
import io.micrometer.core.instrument.distribution.NoopHistogram;
import io.micrometer.core.instrument.distribution.TimeWindowMax;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.core.datapoints.DistributionDataPoint;
import io.prometheus.metrics.core.metrics.Histogram;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

/**
 * Prometheus's registry with histograms for fractions. Those of Micrometer round what they record
 * up to whole numbers, so that all that is between 0 and 1 would lie above the last bound; a
 * summary with bounds between whole numbers is counted by Prometheus's own histogram instead.
 */
final class OurRegistry extends PrometheusMeterRegistry {

  private final Map<String, Histogram> histograms = new ConcurrentHashMap<>();

  OurRegistry() {
    super(PrometheusConfig.DEFAULT);
  }

  @Override
  public DistributionSummary newDistributionSummary(
      Meter.Id id, DistributionStatisticConfig config, double scale) {
    double[] bounds = config.getServiceLevelObjectiveBoundaries();
    if (bounds == null || Arrays.stream(bounds).allMatch(bound -> bound == Math.rint(bound))) {
      return super.newDistributionSummary(id, config, scale);
    }
    Histogram histogram =
        histograms.computeIfAbsent(getConventionName(id), name -> histogram(name, id, bounds));
    String[] values = getConventionTags(id).stream().map(Tag::getValue).toArray(String[]::new);
    TimeWindowMax max = new TimeWindowMax(clock, config);
    Gauge.builder(id.getName() + ".max", max, TimeWindowMax::poll)
        .tags(id.getTags())
        .description(id.getDescription())
        .strongReference(true)
        .register(this);
    return new Fractions(id, scale, histogram.labelValues(values), max);
  }

  private Histogram histogram(String name, Meter.Id id, double... bounds) {
    return Histogram.builder()
        .name(name)
        .help(id.getDescription() == null ? "" : id.getDescription())
        .classicOnly()
        .withoutExemplars()
        .classicUpperBounds(bounds)
        .labelNames(getConventionTags(id).stream().map(Tag::getKey).toArray(String[]::new))
        .register(getPrometheusRegistry());
  }

  private static final class Fractions extends AbstractDistributionSummary {

    private final DistributionDataPoint point;
    private final TimeWindowMax max;
    private final LongAdder count = new LongAdder();
    private final DoubleAdder total = new DoubleAdder();

    private Fractions(Meter.Id id, double scale, DistributionDataPoint point, TimeWindowMax max) {
      super(id, scale, NoopHistogram.INSTANCE);
      this.point = point;
      this.max = max;
    }

    @Override
    protected void recordNonNegative(double amount) {
      point.observe(amount);
      max.record(amount);
      count.increment();
      total.add(amount);
    }

    @Override
    public long count() {
      return count.sum();
    }

    @Override
    public double totalAmount() {
      return total.sum();
    }

    @Override
    public double max() {
      return max.poll();
    }

    @Override
    public HistogramSnapshot takeSnapshot() {
      return HistogramSnapshot.empty(count(), totalAmount(), max());
    }
  }
}
