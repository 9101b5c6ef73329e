import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type { Counter, Gauge, Histogram } from 'prom-client';

/** All metrics of this process. */
const registry = new Registry();

/**
 * Label values beyond this many per metric and label are counted as "other", so that no caller can grow the memory
 * of the platform or of a Prometheus that scrapes it.
 */
const maxLabelValues = 200;
const known = new Map<string, Set<string>>();

/** A counter; asked for twice, the same one. Names follow Prometheus: `gabion_<area>_<what>_total`. */
export function counter<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
  return (
    (registry.getSingleMetric(name) as Counter<L> | undefined) ??
    new Counter({ name, help, labelNames, registers: [registry] })
  );
}

/** A gauge; asked for twice, the same one. `collect` runs at each scrape. */
export function gauge<L extends string>(
  name: string,
  help: string,
  labelNames: readonly L[] = [],
  collect?: (gauge: Gauge<L>) => void | Promise<void>,
): Gauge<L> {
  const existing = registry.getSingleMetric(name) as Gauge<L> | undefined;
  if (existing) return existing;
  return new Gauge({
    name,
    help,
    labelNames,
    registers: [registry],
    ...(collect && {
      collect(this: Gauge<L>) {
        return collect(this);
      },
    }),
  });
}

/** A histogram in seconds unless buckets say otherwise; asked for twice, the same one. */
export function histogram<L extends string>(
  name: string,
  help: string,
  labelNames: readonly L[] = [],
  buckets: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
): Histogram<L> {
  return (
    (registry.getSingleMetric(name) as Histogram<L> | undefined) ??
    new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [registry] })
  );
}

/** A label value that came from outside, or "other" once `label` has had too many different ones. */
export function boundedLabel(label: string, value: string): string {
  const values = known.get(label) ?? new Set();
  known.set(label, values);
  if (values.has(value)) return value;
  if (values.size >= maxLabelValues) return 'other';
  values.add(value);
  return value;
}

let hasDefaults = false;

/** Everything in the Prometheus text format, process and Node.js metrics included. */
export async function metricsText(): Promise<{ contentType: string; body: string }> {
  if (!hasDefaults) {
    hasDefaults = true;
    collectDefaultMetrics({ register: registry });
  }
  return { contentType: registry.contentType, body: await registry.metrics() };
}
