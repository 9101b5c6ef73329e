import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import { CallerSchema } from '@gabion/contracts/gabion/identity/v1/caller_pb';
import { openDatabase } from '@gabion/postgres/database';
import { type Connection, connect } from '@gabion/rpc/client';
import { Fault } from '@gabion/rpc/fault';
import type { Running } from '@gabion/service/start';
import { testDatabase } from '@gabion/testkit/postgres';
import { type Caller, CallerKind } from '@gabion/trust/caller';
import { credentials } from '@grpc/grpc-js';
import { configFrom } from '../src/config.ts';
import type { Schema } from '../src/db/schema.ts';
import type { KeyHolders } from '../src/seal/key-holders.ts';
import { start } from '../src/service.ts';

/** A clock that goes on from where it is set. */
export class TestClock {
  #offsetMs = 0;
  readonly now = () => new Date(Date.now() + this.#offsetMs);

  advance(ms: number): void {
    this.#offsetMs += ms;
  }
}

/** kms-secrets on a database of its own with a file seal, over unix sockets, with `replicas` of it, and the gateway's connection to each. */
export async function platform({
  replicas = 1,
  clock = new TestClock(),
  seal,
  holders,
  logLevel,
}: {
  replicas?: number;
  clock?: TestClock;
  logLevel?: ConfigInput['logLevel'];
  /** A file that is made at the first start, unless told. */
  seal?: SealInput;
  /** Who hold keys of attested seals. */
  holders?: KeyHolders;
} = {}) {
  const stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'gabion-kms-'));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  await chmod(dir, 0o700);
  const database = stack.use(await testDatabase({ database: true }));
  const gateways: Connection[] = [];
  const started: Running[] = [];
  for (let replica = 0; replica < replicas; replica++) {
    const told = config(dir, database.url, { replica, ...(seal && { seal }), logLevel });
    const running = stack.use(await start(told, clock.now, holders));
    started.push(running);
    gateways.push(stack.use(connectAs('gateway', running.address)));
  }
  const db = stack.use(openDatabase<Schema>(database.url));
  return {
    dir,
    url: database.url,
    clock,
    db,
    started,
    gateways,
    gateway: gateways[0] as Connection,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

type ConfigInput = Parameters<typeof configFrom>[0];
type SealInput = NonNullable<ConfigInput['seal']>;

export function config(
  dir: string,
  postgresUrl: string,
  {
    replica = 0,
    seal,
    logLevel = 'fatal',
  }: { replica?: number; seal?: SealInput; logLevel?: ConfigInput['logLevel'] } = {},
) {
  return configFrom({
    listen: `unix:${join(dir, `kms-secrets-${replica}.sock`)}`,
    postgresUrl,
    bus: { kind: 'postgres', logs: {} },
    dataDir: dir,
    logLevel,
    seal: seal ?? { kind: 'file', path: join(dir, 'seal.key'), initialise: true },
  });
}

/** A connection as the service `as`. */
export function connectAs(as: string, address: string): Connection {
  return connect({ address, as, credentials: credentials.createInsecure() });
}

/** A person with these permissions, as the gateway tells them. */
export function person(id: string, ...permissions: string[]): Caller {
  return create(CallerSchema, { kind: CallerKind.USER, id, name: id, permissions });
}

/** Somebody with everything. */
export const root = person('local', '*');

/** The fault that a call ends with; an answer is an error of the test. */
export async function faultOf(call: Promise<unknown>): Promise<Fault> {
  const outcome = await call.then(
    () => new Error('answered'),
    (error: unknown) => error,
  );
  if (outcome instanceof Fault) return outcome;
  throw outcome;
}

/** Asks until it is so; for what happens in another process's own time. */
export async function eventually(isSo: () => Promise<boolean> | boolean, withinMs = 5000): Promise<void> {
  const until = Date.now() + withinMs;
  while (!(await isSo())) {
    if (Date.now() > until) throw new Error(`not so within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
