import { text } from 'node:stream/consumers';
import { toJson } from '@bufbuild/protobuf';
import {
  type Reseal,
  ResealSchema,
  type Seal,
  SealKind,
  SealSchema,
  SealService,
} from '@gabion/contracts/gabion/kms/v1/seal_pb';
import { askPlatform, type AskOptions as Options, print } from './asking.ts';
import { base64Of } from './base64.ts';
import { Complaint, exitCodes } from './complaint.ts';

/** Says how the seal stands. */
export async function sealStatus(options: Options): Promise<void> {
  const seal = await askPlatform(options, (platform) => platform.client(SealService).getSeal({}, platform.as));
  if (!seal.isInitialized || seal.isSealed) process.exitCode = exitCodes.no;
  show(seal, options);
}

/** The kinds of seals, by the names that options have for them. */
export const sealKinds: Readonly<Record<string, { readonly kind: SealKind; readonly opener: string }>> = {
  shamir: { kind: SealKind.SHAMIR, opener: 'shares' },
  file: { kind: SealKind.FILE, opener: 'its file' },
  pkcs11: { kind: SealKind.PKCS11, opener: 'its token' },
  transit: { kind: SealKind.TRANSIT, opener: 'another Gabion' },
  attested: { kind: SealKind.ATTESTED, opener: 'who attests its replicas' },
};

type Wanted = Options & { readonly kind: string; readonly shares?: number; readonly threshold?: number };

/** Makes the root key and prints the shares, if there are any. */
export async function initialiseSeal(options: Wanted): Promise<void> {
  const settings = settingsOf(options);
  const answer = await askPlatform(options, (platform) =>
    platform.client(SealService).initialize({ settings }, platform.as),
  );
  const seal = answer.seal && toJson(SealSchema, answer.seal, { alwaysEmitImplicit: true });
  if (options.json) return print({ seal, shares: answer.shares.map(base64Of) });
  if (answer.shares.length === 0) return show(answer.seal as Seal, options);
  showShares(answer.shares, answer.seal?.threshold);
}

/** Begins to change the seal; prints the new shares where nobody has to authorise it. */
export async function changeSeal(options: Wanted): Promise<void> {
  const settings = settingsOf(options);
  showReseal(
    await askPlatform(options, (platform) => platform.client(SealService).beginReseal({ settings }, platform.as)),
    options,
  );
}

/** Gives one share of the present seal towards its change. */
export async function authoriseChange(id: string, options: Options): Promise<void> {
  const share = shareIn(await text(process.stdin));
  showReseal(
    await askPlatform(options, (platform) => platform.client(SealService).authorizeReseal({ id, share }, platform.as)),
    options,
  );
}

export async function finishChange(id: string, options: Options): Promise<void> {
  show(await askPlatform(options, ({ client, as }) => client(SealService).finishReseal({ id }, as)), options);
}

export async function cancelChange(id: string, options: Options): Promise<void> {
  show(await askPlatform(options, ({ client, as }) => client(SealService).cancelReseal({ id }, as)), options);
}

export async function rotateRoot(options: Options): Promise<void> {
  const seal = await askPlatform(options, ({ client, as }) => client(SealService).rotateRootKey({}, as));
  if (options.json) return show(seal, options);
  process.stdout.write(`The root key has version ${seal.rootKeyVersion} now\n`);
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

function settingsOf({ kind, shares = 0, threshold = 0 }: Wanted) {
  return { kind: sealKinds[kind]?.kind ?? SealKind.UNSPECIFIED, shares, threshold };
}

function showShares(shares: readonly Uint8Array[], threshold: number | undefined): void {
  process.stdout.write(`${shares.map(base64Of).join('\n')}\n`);
  process.stderr.write(
    `Give each share to another holder: ${threshold} of these ${shares.length} open the seal, and they are not shown again.\n`,
  );
}

function showReseal(reseal: Reseal, { json }: Options): void {
  if (json) return print(toJson(ResealSchema, reseal, { alwaysEmitImplicit: true }));
  const { id, progress, threshold, shares, settings } = reseal;
  if (progress < threshold) {
    process.stdout.write(`${id}\n`);
    process.stderr.write(
      `${progress} of ${threshold} shares of the present seal given; each holder: gabion seal authorize ${id} < my-share\n`,
    );
    return;
  }
  if (shares.length > 0) showShares(shares, settings?.threshold);
  process.stderr.write(`The seal changes with: gabion seal finish ${id}\n`);
}

function show(seal: Seal, { json }: Options): void {
  if (json) return print(toJson(SealSchema, seal, { alwaysEmitImplicit: true }));
  process.stdout.write(`${sentence(seal)}\n`);
}

function sentence(seal: Seal): string {
  const { isInitialized, isSealed, kind, threshold, shares, progress, problem, isOpenedByReplicas } = seal;
  if (!isInitialized) return 'The seal has not been initialised: gabion seal init';
  const opener = Object.values(sealKinds).find((each) => each.kind === kind)?.opener;
  const by = kind === SealKind.SHAMIR ? `${threshold} of ${shares} shares` : opener;
  if (!isSealed) return `The seal is open; opened by ${by}`;
  const given = kind === SealKind.SHAMIR ? `: ${progress} of ${threshold} shares given` : '';
  const others = isOpenedByReplicas ? '; it opens once another replica is open' : '';
  return `The seal is closed${given}${problem && ` (${problem})`}${others}`;
}
