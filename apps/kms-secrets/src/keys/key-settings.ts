import { clone, create } from '@bufbuild/protobuf';
import { durationMs } from '@bufbuild/protobuf/wkt';
import {
  type KeyPolicy,
  KeyPolicySchema,
  type KeySettings,
  KeySettingsSchema,
} from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { keyFaults } from './key-faults.ts';
import type { KeyRecord } from './key-ring.ts';

const dayMs = 86_400_000;
const fields = [
  'description',
  'rotation_period',
  'min_version',
  'required_context',
  'max_operations_per_second',
  'labels',
] as const;
type Field = (typeof fields)[number];

/** Settings of a new key, checked. */
export function newSettings(settings: KeySettings | undefined): KeySettings {
  const made = settings ? clone(KeySettingsSchema, settings) : create(KeySettingsSchema);
  made.minVersion ||= 1;
  if (made.minVersion !== 1) throw keyFaults.invalid('settings.min_version', 'is 1 for a new key');
  assertPeriod(made);
  return made;
}

/** The key's settings with the named fields of `changes`; throws for names that settings have not. */
export function changedSettings(key: KeyRecord, changes: KeySettings, names: readonly string[]): KeySettings {
  const settings = clone(KeySettingsSchema, key.settings);
  for (const [at, name] of names.entries()) {
    if (!fields.includes(name as Field)) throw keyFaults.invalid(`fields[${at}]`, `names none of ${fields.join(', ')}`);
    take(settings, changes, name as Field);
  }
  if (settings.minVersion < 1 || settings.minVersion > key.primaryVersion)
    throw keyFaults.invalid('settings.min_version', `is from 1 to the primary version, ${key.primaryVersion}`);
  if (settings.minVersion < key.settings.minVersion && key.versions.every((each) => each.version > settings.minVersion))
    throw keyFaults.invalid('settings.min_version', 'names a version that is gone');
  assertPeriod(settings);
  return settings;
}

/** A policy from outside; the empty one when there is none. */
export function policyOf(policy: KeyPolicy | undefined): KeyPolicy {
  return policy ?? create(KeyPolicySchema);
}

/** When a key that gets a new version at `time` gets the next one; undefined when it does not by itself. */
export function nextRotation({ rotationPeriod }: KeySettings, time: Date): Date | undefined {
  return rotationPeriod && new Date(time.getTime() + durationMs(rotationPeriod));
}

function take(settings: KeySettings, changes: KeySettings, name: Field): void {
  switch (name) {
    case 'description':
      settings.description = changes.description;
      break;
    case 'rotation_period':
      // Of a message, absence is a value too.
      if (changes.rotationPeriod) settings.rotationPeriod = changes.rotationPeriod;
      else delete settings.rotationPeriod;
      break;
    case 'min_version':
      settings.minVersion = changes.minVersion;
      break;
    case 'required_context':
      settings.requiredContext = changes.requiredContext;
      break;
    case 'max_operations_per_second':
      settings.maxOperationsPerSecond = changes.maxOperationsPerSecond;
      break;
    case 'labels':
      settings.labels = changes.labels;
      break;
    default: {
      const never: never = name;
      throw new Error(`unknown setting ${never}`);
    }
  }
}

function assertPeriod({ rotationPeriod }: KeySettings): void {
  if (!rotationPeriod) return;
  const period = durationMs(rotationPeriod);
  if (period < dayMs || period > 3650 * dayMs)
    throw keyFaults.invalid('settings.rotation_period', 'is from a day to ten years');
}
