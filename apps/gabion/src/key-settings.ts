import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import type { CreateKeyRequestSchema, KeySettingsSchema } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import type { AskOptions } from './asking.ts';
import { keyTypeOf } from './key-type.ts';

/** Settings as options give them; false takes one away. */
export interface Settings {
  readonly description?: string;
  /** In days. */
  readonly rotateEvery?: number | false;
  readonly minVersion?: number;
  readonly requireContext?: readonly string[] | false;
  readonly operationsPerSecond?: number;
  readonly label?: Readonly<Record<string, string>> | false;
}

export interface NewKeyOptions extends AskOptions, Settings {
  readonly type: string;
  readonly tenant?: string;
  readonly exportable?: true;
}

const dayMs = 86_400_000;

/** The settings that are told, and what the contract calls them. */
export function settingsOf(options: Settings): {
  readonly settings: MessageInitShape<typeof KeySettingsSchema>;
  readonly fields: string[];
} {
  const { description, rotateEvery, minVersion, requireContext, operationsPerSecond, label } = options;
  const told = {
    description,
    rotation_period: rotateEvery,
    min_version: minVersion,
    required_context: requireContext,
    max_operations_per_second: operationsPerSecond,
    labels: label,
  };
  return {
    fields: Object.entries(told).flatMap(([field, value]) => (value === undefined ? [] : [field])),
    settings: {
      ...(description !== undefined && { description }),
      ...(rotateEvery && { rotationPeriod: durationFromMs(rotateEvery * dayMs) }),
      ...(minVersion !== undefined && { minVersion }),
      ...(requireContext && { requiredContext: [...requireContext] }),
      ...(operationsPerSecond !== undefined && { maxOperationsPerSecond: operationsPerSecond }),
      ...(label && { labels: { ...label } }),
    },
  };
}

/** What is asked for a key that is not there yet. */
export function newKey(name: string, options: NewKeyOptions): MessageInitShape<typeof CreateKeyRequestSchema> {
  const { type, tenant, exportable } = options;
  const { settings, fields } = settingsOf(options);
  return {
    name,
    type: keyTypeOf(type),
    tenant: tenant ?? '',
    isExportable: exportable ?? false,
    ...(fields.length > 0 && { settings }),
  };
}
