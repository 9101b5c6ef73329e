import { asText, JsonObject, parseJson } from './bounded-json.ts';
import { type Digest, isDigest } from './digest.ts';
import { platformOf } from './manifest.ts';
import { OciError } from './oci-error.ts';
import type { Platform } from './platform.ts';

/** What an image says of itself, from its configuration. */
export interface ImageConfig extends Platform {
  /** Digests of the uncompressed layer tars, lowest first. */
  readonly diffIds: readonly Digest[];
  readonly history: readonly HistoryStep[];
  readonly created?: string;
  readonly user: string;
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly workingDirectory: string;
  readonly labels: ReadonlyMap<string, string>;
  /** "8080/tcp". */
  readonly exposedPorts: readonly string[];
  readonly volumes: readonly string[];
  /** Docker's own: the test, `["CMD", "…"]`, `["CMD-SHELL", "…"]` or `["NONE"]`; empty when there is none. */
  readonly healthcheck: readonly string[];
}

/** One instruction of the build. */
export interface HistoryStep {
  readonly createdBy: string;
  /** Whether the step made no layer. */
  readonly isEmpty: boolean;
}

/** Reads an image configuration of OCI or Docker. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const json = new JsonObject(parseJson(bytes, 'the image configuration'), 'config');
  const run = json.optionalObject('config') ?? new JsonObject({}, 'config.config');
  const rootfs = json.object('rootfs');
  if (rootfs.text('type') !== 'layers') throw new OciError('manifest_invalid', 'config.rootfs.type is not layers');
  const created = json.optionalText('created');
  return {
    ...platformOf(json),
    diffIds: rootfs.list('diff_ids', 1024, diffId),
    history: json.list('history', 4096, step),
    ...(created === undefined ? {} : { created }),
    user: run.optionalText('User') ?? '',
    env: run.list('Env', 10_000, asText),
    entrypoint: run.list('Entrypoint', 10_000, asText),
    command: run.list('Cmd', 10_000, asText),
    workingDirectory: run.optionalText('WorkingDir') ?? '',
    exposedPorts: run.entries('ExposedPorts').map(([port]) => port),
    volumes: run.entries('Volumes').map(([volume]) => volume),
    healthcheck: run.optionalObject('Healthcheck')?.list('Test', 1000, asText) ?? [],
    labels: new Map(run.entries('Labels').map(([key, value]) => [key, asText(value, `config.config.Labels.${key}`)])),
  };
}

/** The instruction that made each layer, as far as the history tells. */
export function instructions(config: ImageConfig): string[] {
  const steps = config.history.filter((step) => !step.isEmpty);
  // A history of another length (squashed images, other builders) says nothing about single layers.
  return config.diffIds.map((_, index) => (steps.length === config.diffIds.length ? steps[index]!.createdBy : ''));
}

function diffId(value: unknown, what: string): Digest {
  if (!isDigest(value)) throw new OciError('manifest_invalid', `${what} is not a digest`);
  return value;
}

function step(value: unknown, what: string): HistoryStep {
  const json = new JsonObject(value, what);
  return { createdBy: json.optionalText('created_by') ?? '', isEmpty: json.flag('empty_layer') };
}
