import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { create } from '@bufbuild/protobuf';
import { CallerSchema } from '@gabion/contracts/gabion/identity/v1/caller_pb';
import { ClusterEncryptionService } from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import { KeyService, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { CryptoService } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { SealKind, SealService } from '@gabion/contracts/gabion/kms/v1/seal_pb';
import { SecretService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import { configFrom } from '@gabion/kms-secrets/config';
import { start } from '@gabion/kms-secrets/service';
import { type Connection, connect } from '@gabion/rpc/client';
import { testDatabase } from '@gabion/testkit/postgres';
import { CallerKind } from '@gabion/trust/caller';
import { credentials } from '@grpc/grpc-js';

// Kills kms-secrets with SIGKILL at random moments of rotations, re-keying and changes of the seal, and looks after each
// whether everything that it acknowledged is there and opens: node conformance/kms-kills.ts [rounds] (needs a build)
const [asked = '200', child] = process.argv.slice(2);
const caller = create(CallerSchema, { kind: CallerKind.USER, id: 'local', name: 'local', permissions: ['*'] });
const as = { caller, deadlineMs: 10_000 };
const settings = { kind: SealKind.SHAMIR, threshold: 2, shares: 3 };
const context = { for: 'kills' };
const softHsm = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so'].find(
  existsSync,
);
const kinds = [SealKind.SHAMIR, SealKind.FILE, ...(softHsm ? [SealKind.PKCS11] : [])];

/** A token of SoftHSM2 in `directory`, which the environment names from then on; undefined where it is not installed. */
function softToken(directory: string) {
  if (!softHsm) {
    console.log('skipped: seals by PKCS #11, SoftHSM2 is not installed');
    return undefined;
  }
  const [tokens, configuration, pinFile] = ['tokens', 'softhsm2.conf', 'pin'].map((name) => join(directory, name));
  mkdirSync(tokens as string);
  writeFileSync(configuration as string, `directories.tokendir = ${tokens}\nlog.level = ERROR\n`);
  writeFileSync(pinFile as string, '1234', { mode: 0o600 });
  process.env.SOFTHSM2_CONF = configuration as string;
  const args = ['--init-token', '--free', '--label', 'kills', '--pin', '1234', '--so-pin', '5678'];
  execFileSync('softhsm2-util', args, { stdio: 'ignore' });
  return { module: softHsm, token: 'kills', pinFile: pinFile as string };
}

interface Setup {
  readonly listen: string;
  readonly postgresUrl: string;
  readonly dataDir: string;
  readonly pkcs11: ReturnType<typeof softToken>;
}

/** What was acknowledged, and so must outlive every kill. */
class Ledger {
  /** Sets of shares of which one opens the seal: a reseal that was cut short may have happened or not. */
  shares: (readonly Uint8Array[])[] = [];
  readonly sealed: { readonly ciphertext: Uint8Array; readonly plaintext: string }[] = [];
  readonly secrets = new Map<string, string>();
  /** Kinds of seals that were gone over to. */
  readonly kinds = new Set<SealKind>();
  keyVersion = 1;
  rootVersion = 1;
  /** key_ids of KMS v2 that were seen. */
  readonly names = new Set<string>();
  operations = 0;
}

class Service {
  private constructor(
    readonly child: ChildProcess,
    readonly connection: Connection,
  ) {}

  static async start(setup: Setup): Promise<Service> {
    const args = [...process.execArgv, import.meta.filename, 'child', JSON.stringify(setup)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await Promise.race([once(createInterface({ input: child.stdout }), 'line'), once(child, 'exit')]);
    if (child.exitCode !== null) throw new Error(`the service ended by itself with ${child.exitCode}`);
    return new Service(
      child,
      connect({ address: setup.listen, as: 'gateway', credentials: credentials.createInsecure() }),
    );
  }

  async kill(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
    this.connection[Symbol.dispose]();
  }
}

async function open({ connection }: Service, ledger: Ledger): Promise<void> {
  const seal = connection.client(SealService);
  if (!(await seal.getSeal({}, as)).isSealed) return;
  for (const shares of [...ledger.shares].reverse()) {
    await seal.resetUnseal({}, as);
    for (const share of shares.slice(0, 2)) {
      const { isSealed } = await seal.unseal({ share }, as).catch(() => ({ isSealed: true }));
      if (isSealed) continue;
      ledger.shares = [shares];
      return;
    }
  }
  throw new Error('no set of shares that could be the present one opens the seal');
}

type Work = (connection: Connection, ledger: Ledger) => Promise<void>;

const works: readonly Work[] = [
  async (connection, ledger) => {
    const { primaryVersion } = await connection.client(KeyService).rotateKey({ key: 'kills' }, as);
    ledger.keyVersion = Math.max(ledger.keyVersion, primaryVersion);
  },
  async (connection, ledger) => {
    const { rootKeyVersion } = await connection.client(SealService).rotateRootKey({}, as);
    ledger.rootVersion = Math.max(ledger.rootVersion, rootKeyVersion);
  },
  async (connection, ledger) => {
    const seal = connection.client(SealService);
    const kind = kinds[randomInt(kinds.length)] as SealKind;
    const wanted = kind === SealKind.SHAMIR ? settings : { kind };
    const begun = await seal.beginReseal({ settings: wanted }, as).catch(async (error: Error) => {
      const [, id] = /the reseal (\S+) is in progress/.exec(error.message) ?? [];
      if (id) await seal.cancelReseal({ id }, as);
      throw error;
    });
    let shares: readonly Uint8Array[] = begun.shares;
    const needed = begun.threshold === 0 ? [] : (ledger.shares.at(-1) ?? []).slice(0, 2);
    for (const share of needed) {
      const answer = await seal.authorizeReseal({ id: begun.id, share }, as);
      if (answer.shares.length > 0) shares = answer.shares;
    }
    if (shares.length > 0) ledger.shares.push(shares);
    await seal.finishReseal({ id: begun.id }, as);
    ledger.kinds.add(kind);
  },
  async (connection, ledger) => {
    const plaintext = randomBytes(16).toString('hex');
    const request = { key: 'kills', plaintext: Buffer.from(plaintext), context };
    const { ciphertext } = await connection.client(CryptoService).encrypt(request, as);
    ledger.sealed.push({ ciphertext, plaintext });
  },
  async (connection, ledger) => {
    const [path, text] = [`kills/${randomInt(20)}`, randomBytes(16).toString('hex')];
    // What was not acknowledged may have been stored or not.
    ledger.secrets.delete(path);
    await connection.client(SecretService).putSecret({ path, data: { text: Buffer.from(text) } }, as);
    ledger.secrets.set(path, text);
  },
  async (connection, ledger) => {
    await connection.client(KeyService).rotateKey({ key: 'cluster-kills' }, as);
    const { kmsKeyId } = await connection
      .client(ClusterEncryptionService)
      .getClusterEncryption({ cluster: 'kills' }, as);
    ledger.names.add(kmsKeyId);
  },
];

/** Works until the service is gone. */
async function workUntilKilled({ connection, child }: Service, ledger: Ledger): Promise<void> {
  const lanes = [
    [works[0], works[3], works[4]],
    [works[1], works[2]],
    [works[5], works[3]],
  ];
  const lane = async (kinds: readonly (Work | undefined)[]) => {
    while (child.exitCode === null && child.signalCode === null) {
      const work = kinds[randomInt(kinds.length)] as Work;
      await work(connection, ledger).then(
        () => ledger.operations++,
        () => pause(5),
      );
    }
  };
  await Promise.all(lanes.map(lane));
}

/** What is not as it was acknowledged. */
async function lost({ connection }: Service, ledger: Ledger): Promise<string[]> {
  const found: string[] = [];
  const items = ledger.sealed.slice(-200).map(({ ciphertext }) => ({ ciphertext, context }));
  if (items.length > 0) {
    const { results } = await connection.client(CryptoService).decryptBatch({ items }, as);
    results.forEach(({ result }, at) => {
      const { plaintext } = ledger.sealed.slice(-200)[at] as { plaintext: string };
      const text = result.case === 'plaintext' ? Buffer.from(result.value).toString() : String(result.case);
      if (text !== plaintext) found.push(`a ciphertext opens as ${text}`);
    });
  }
  for (const [path, text] of ledger.secrets) {
    const { data } = await connection.client(SecretService).readSecret({ path }, as);
    if (Buffer.from(data.text ?? []).toString() !== text) found.push(`secret ${path}`);
  }
  const { primaryVersion } = await connection.client(KeyService).getKey({ key: 'kills' }, as);
  if (primaryVersion < ledger.keyVersion) found.push(`key version ${ledger.keyVersion}`);
  const { rootKeyVersion } = await connection.client(SealService).getSeal({}, as);
  if (rootKeyVersion < ledger.rootVersion) found.push(`root key version ${ledger.rootVersion}`);
  return found;
}

async function main(rounds: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'kms-kills-'));
  chmodSync(directory, 0o700);
  await using database = await testDatabase({ database: true });
  const listen = `unix:${join(directory, 'kms.sock')}`;
  const setup = { listen, postgresUrl: database.url, dataDir: directory, pkcs11: softToken(directory) };
  const ledger = new Ledger();
  const failures: string[] = [];
  let service = await Service.start(setup);
  const { shares } = await service.connection.client(SealService).initialize({ settings }, as);
  ledger.shares.push(shares);
  for (let round = 0; round < rounds; round++) {
    if (round > 0) service = await Service.start(setup);
    await open(service, ledger).catch((error: Error) => failures.push(`round ${round}: ${error.message}`));
    if (failures.length > 0) break;
    if (round === 0) {
      await service.connection.client(KeyService).createKey({ name: 'kills', type: KeyType.AES_256_GCM }, as);
      await service.connection.client(ClusterEncryptionService).putClusterEncryption({ cluster: 'kills' }, as);
    }
    failures.push(...(await lost(service, ledger)).map((what) => `round ${round}: lost ${what}`));
    const working = workUntilKilled(service, ledger);
    await pause(randomInt(20, 600));
    await service.kill();
    await working;
  }
  rmSync(directory, { recursive: true, force: true });
  const did = `${ledger.operations} operations acknowledged, ${ledger.sealed.length} ciphertexts, ${ledger.secrets.size} secrets`;
  console.log(`${rounds} kills: ${did}, key version ${ledger.keyVersion}, root key version ${ledger.rootVersion}`);
  console.log(`seals gone over to: ${[...ledger.kinds].map((kind) => SealKind[kind]).join(', ')}`);
  for (const failure of failures.slice(0, 20)) console.log(`  ${failure}`);
  console.log(`${rounds - failures.length} passed, ${failures.length} failed`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

async function serve({ pkcs11, ...setup }: Setup): Promise<void> {
  const config = {
    ...setup,
    bus: { kind: 'postgres', logs: {} },
    logLevel: 'fatal',
    seal: { kind: 'shamir', path: join(setup.dataDir, 'seal.key'), ...(pkcs11 && { pkcs11 }) },
  } as const;
  const running = await start(configFrom(config));
  process.stdout.write(`${running.address}\n`);
}

if (asked === 'child') await serve(JSON.parse(child as string));
else await main(Number(asked));
