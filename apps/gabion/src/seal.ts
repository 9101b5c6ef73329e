import { text } from 'node:stream/consumers';
import { toJson } from '@bufbuild/protobuf';
import { type Seal, SealKind, SealSchema, SealService } from '@gabion/contracts/gabion/kms/v1/seal_pb';
import { askPlatform, type AskOptions as Options, print } from './asking.ts';
import { Complaint, exitCodes } from './complaint.ts';

/** Says how the seal stands. */
export async function sealStatus(options: Options): Promise<void> {
  const seal = await askPlatform(options, (platform) => platform.client(SealService).getSeal({}, platform.as));
  if (!seal.isInitialized || seal.isSealed) process.exitCode = exitCodes.no;
  show(seal, options);
}

/** Makes the root key and prints the shares. */
export async function initialiseSeal(options: Options & { shares: number; threshold: number }): Promise<void> {
  const { shares, threshold } = options;
  const settings = { kind: SealKind.SHAMIR, shares, threshold };
  const answer = await askPlatform(options, (platform) =>
    platform.client(SealService).initialize({ settings }, platform.as),
  );
  const written = answer.shares.map((share) => Buffer.from(share).toString('base64'));
  const seal = answer.seal && toJson(SealSchema, answer.seal, { alwaysEmitImplicit: true });
  if (options.json) return print({ seal, shares: written });
  process.stdout.write(`${written.join('\n')}\n`);
  process.stderr.write(
    `Give each share to another holder: ${threshold} of these ${shares} open the seal, and they are not shown again.\n`,
  );
}

/** Gives one share. */
export async function openSeal(options: Options): Promise<void> {
  const share = shareIn(await text(process.stdin));
  const seal = await askPlatform(options, (platform) => platform.client(SealService).unseal({ share }, platform.as));
  show(seal, options);
}

export async function closeSeal(options: Options): Promise<void> {
  show(await askPlatform(options, (platform) => platform.client(SealService).closeSeal({}, platform.as)), options);
}

/** A share's text is never part of what is complained of. */
function shareIn(input: string): Buffer {
  const written = input.trim();
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(written))
    throw new Complaint('standard input holds no share', {
      code: 'usage',
      hint: 'Give one share, in base64 as `gabion seal init` printed it.',
      exitCode: exitCodes.usage,
    });
  return Buffer.from(written, 'base64');
}

function show(seal: Seal, { json }: Options): void {
  if (json) return print(toJson(SealSchema, seal, { alwaysEmitImplicit: true }));
  process.stdout.write(`${sentence(seal)}\n`);
}

function sentence({ isInitialized, isSealed, kind, threshold, shares, progress, problem }: Seal): string {
  if (!isInitialized) return 'The seal has not been initialised: gabion seal init';
  const by = kind === SealKind.SHAMIR ? `${threshold} of ${shares} shares` : 'its file';
  if (!isSealed) return `The seal is open; opened by ${by}`;
  const given = kind === SealKind.SHAMIR ? `: ${progress} of ${threshold} shares given` : '';
  return `The seal is closed${given}${problem && ` (${problem})`}`;
}
