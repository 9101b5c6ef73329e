import { boundedLabel, counter, gauge } from '@gabion/telemetry/metrics';
import type { Lag } from './bus.ts';

/** Topics and groups come from the contract and the code, and are bounded all the same. */
export const published = counter('gabion_events_published_total', 'Events written to the outbox.', ['topic']);
export const consumed = counter('gabion_events_consumed_total', 'Events taken from the bus, by what became of them.', [
  'topic',
  'group',
  'outcome',
]);
export const deadLettered = counter('gabion_events_dead_lettered_total', 'Events given up on.', ['topic', 'group']);

export type Outcome = 'handled' | 'failed' | 'parked' | 'duplicate';

/** Counts `events` of a group that ended the same way. */
export function countConsumed(topic: string, group: string, outcome: Outcome, events: number): void {
  if (events > 0)
    consumed.inc({ topic: boundedLabel('topic', topic), group: boundedLabel('group', group), outcome }, events);
}

/** A group whose lag is asked for at each scrape. */
export interface Measured {
  readonly topic: string;
  readonly group: string;
  lag(): Promise<Lag>;
  parkedCount(): Promise<number>;
}

const measured = new Set<Measured>();

const of = ['topic', 'group'] as const;
const lag = gauge('gabion_events_lag', 'Events that a group has still to handle.', of, () => measureAll());
const age = gauge('gabion_events_oldest_age_seconds', 'Age of the oldest event not handled.', of, () => measureAll());
const parkedHelp = 'Events that wait for another attempt, or behind one that does.';
const parked = gauge('gabion_events_parked', parkedHelp, of, () => measureAll());

let measuring: Promise<void> | undefined;

/** One measurement for the three gauges, which a scrape asks for side by side. */
function measureAll(): Promise<void> {
  measuring ??= Promise.all([...measured].map(measureOne)).then(() => {
    measuring = undefined;
  });
  return measuring;
}

async function measureOne(one: Measured): Promise<void> {
  const labels = { topic: boundedLabel('topic', one.topic), group: boundedLabel('group', one.group) };
  try {
    const [{ events, oldestAgeMs }, waiting] = await Promise.all([one.lag(), one.parkedCount()]);
    lag.set(labels, events);
    age.set(labels, oldestAgeMs / 1000);
    parked.set(labels, waiting);
  } catch {
    // A scrape must not fail because a server is down; an old figure would look alive.
    lag.remove(labels);
    age.remove(labels);
    parked.remove(labels);
  }
}

/** Has the group's lag, age and parked events measured until disposed. */
export function measure(one: Measured): Disposable {
  measured.add(one);
  return { [Symbol.dispose]: () => void measured.delete(one) };
}
