import { readFile } from 'node:fs/promises';
import { type MessageInitShape, toJson } from '@bufbuild/protobuf';
import { durationFromMs, durationMs, type Timestamp, timestampDate } from '@bufbuild/protobuf/wkt';
import {
  type PutSecretRotationRequestSchema,
  PutSecretRotationResponseSchema,
  type SecretRotation,
  SecretRotationSchema,
  SecretRotationService,
  SecretRotationState,
} from '@gabion/contracts/gabion/kms/v1/secret_rotations_pb';
import { askPlatform, type AskOptions as Options, print } from './asking.ts';
import { Complaint, exitCodes } from './complaint.ts';

interface SetOptions extends Options {
  readonly every: number;
  readonly generate?: string;
  readonly length?: number;
  readonly characters?: string;
  readonly bytes?: number;
  readonly hook?: string;
  readonly ca?: string;
  readonly signingSecretFile?: string;
  readonly putWithinSeconds?: number;
}

const usualLength = 32;

/** Sets how a secret is rotated; prints the signing secret of a hook, if one was made. */
export async function setRotation(path: string, options: SetOptions): Promise<void> {
  const request: MessageInitShape<typeof PutSecretRotationRequestSchema> = {
    path,
    period: durationFromMs(options.every),
    way: await wayOf(options),
    signingSecret: (await contentOf(options.signingSecretFile)).trim(),
  };
  const answer = await askPlatform(options, ({ client, as }) =>
    client(SecretRotationService).putSecretRotation(request, as),
  );
  if (options.json) return print(toJson(PutSecretRotationResponseSchema, answer, { alwaysEmitImplicit: true }));
  process.stdout.write(textOf(answer.rotation as SecretRotation));
  if (answer.signingSecret)
    process.stdout.write(
      `\nThe hook verifies requests with this secret, which is not shown again:\n${answer.signingSecret}\n`,
    );
}

export async function showRotation(path: string, options: Options): Promise<void> {
  const ask = askPlatform(options, ({ client, as }) => client(SecretRotationService).getSecretRotation({ path }, as));
  show(await ask, options);
}

export async function removeRotation(path: string, options: Options): Promise<void> {
  await askPlatform(options, ({ client, as }) => client(SecretRotationService).deleteSecretRotation({ path }, as));
  if (options.json) return print({ path });
  process.stdout.write(`${path} is not rotated any more\n`);
}

export async function rotateSecret(path: string, options: Options & { readonly expect?: number }): Promise<void> {
  const request = { path, ...(options.expect !== undefined && { expectedVersion: options.expect }) };
  const ask = askPlatform(options, ({ client, as }) => client(SecretRotationService).rotateSecret(request, as));
  show(await ask, options);
}

async function wayOf(
  options: SetOptions,
): Promise<NonNullable<MessageInitShape<typeof PutSecretRotationRequestSchema>['way']>> {
  const { generate, hook, ca, bytes, characters = '', putWithinSeconds = 0 } = options;
  if ((generate === undefined) === (hook === undefined))
    throw new Complaint('say either --generate NAME or --hook URL', { code: 'usage', exitCode: exitCodes.usage });
  if (hook !== undefined) return { case: 'hook', value: { url: hook, caPem: await contentOf(ca), putWithinSeconds } };
  const length = options.length ?? (bytes === undefined ? usualLength : 0);
  return { case: 'generated', value: { name: generate ?? '', length, characters, randomBytes: bytes ?? 0 } };
}

async function contentOf(file: string | undefined): Promise<string> {
  if (file === undefined) return '';
  return readFile(file, 'utf8').catch((cause) => {
    throw new Complaint(`${file} cannot be read`, { code: 'file_unreadable', cause });
  });
}

function show(rotation: SecretRotation, { json }: Options): void {
  if (json) print(toJson(SecretRotationSchema, rotation, { alwaysEmitImplicit: true }));
  else process.stdout.write(textOf(rotation));
}

function textOf(rotation: SecretRotation): string {
  const { path, period, attempts, lastVersion, errorCode, errorMessage } = rotation;
  const state = (SecretRotationState[rotation.state] ?? '').toLowerCase().replaceAll('_', ' ');
  const hours = period ? durationMs(period) / 3_600_000 : 0;
  return [
    path,
    `  how    ${howOf(rotation)}, every ${hours % 24 === 0 ? `${hours / 24} d` : `${hours} h`}`,
    `  state  ${state}${attempts > 0 ? `, ${attempts} attempts` : ''}`,
    `  last   ${lastVersion > 0 ? `${minute(rotation.lastTime)}, version ${lastVersion}` : '-'}`,
    `  next   ${minute(rotation.nextTime)}`,
    ...(errorCode ? [`  error  ${errorMessage} [${errorCode}]`] : []),
    '',
  ].join('\n');
}

function howOf({ way }: SecretRotation): string {
  switch (way.case) {
    case 'hook':
      return `asks ${way.value.url}`;
    case 'generated': {
      const { name, length, randomBytes } = way.value;
      return `makes ${name} of ${randomBytes > 0 ? `${randomBytes} bytes` : `${length} characters`}`;
    }
    case undefined:
      return '-';
    default:
      throw way satisfies never;
  }
}

/** UTC, to the minute. */
function minute(time: Timestamp | undefined): string {
  return time ? timestampDate(time).toISOString().slice(0, 16).replace('T', ' ') : '-';
}
