import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { configFrom } from '@gabion/kms-secrets/config';
import { start } from '@gabion/kms-secrets/service';
import { type Connection, connect } from '@gabion/rpc/client';
import { credentials } from '@grpc/grpc-js';

/** Where SoftHSM2's library is; undefined where it is not installed. */
export const softHsm = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so'].find(
  existsSync,
);
/** The service's clock: its 190 s before a migration writes are half a second, and so is the lease of one that was killed. */
const speed = 400;

/** What the service is started with, every time alike. */
export interface Setup {
  readonly listen: string;
  readonly postgresUrl: string;
  readonly dataDir: string;
  readonly pkcs11: ReturnType<typeof softToken>;
  /** When the service's clock began to run fast. */
  readonly epochMs: number;
}

/** The time by the service's clock, in ms. */
export function serviceTimeMs({ epochMs }: Pick<Setup, 'epochMs'>): number {
  return epochMs + (Date.now() - epochMs) * speed;
}

/** A token of SoftHSM2 in `directory`, which the environment names from then on; undefined where it is not installed. */
export function softToken(directory: string) {
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

/** kms-secrets in a process of its own, which is this program with other arguments. */
export class ServiceProcess {
  private constructor(
    readonly child: ChildProcess,
    readonly connection: Connection,
  ) {}

  static async start(setup: Setup): Promise<ServiceProcess> {
    const args = [...process.execArgv, process.argv[1] as string, 'child', JSON.stringify(setup)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await Promise.race([once(createInterface({ input: child.stdout }), 'line'), once(child, 'exit')]);
    if (child.exitCode !== null) throw new Error(`the service ended by itself with ${child.exitCode}`);
    const to = { address: setup.listen, as: 'gateway', credentials: credentials.createInsecure() };
    return new ServiceProcess(child, connect(to));
  }

  get isGone(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  async kill(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
    this.connection[Symbol.dispose]();
  }
}

/** What the process of its own does. */
export async function serve({ pkcs11, epochMs, ...setup }: Setup): Promise<void> {
  const config = {
    ...setup,
    bus: { kind: 'postgres', logs: {} },
    logLevel: 'fatal',
    seal: { kind: 'shamir', path: join(setup.dataDir, 'seal.key'), ...(pkcs11 && { pkcs11 }) },
  } as const;
  const running = await start(configFrom(config), () => new Date(serviceTimeMs({ epochMs })));
  process.stdout.write(`${running.address}\n`);
}
