import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { create, fromBinary } from '@bufbuild/protobuf';
import { AuditRecordedSchema } from '@gabion/contracts/gabion/audit/v1/audit_pb';
import { AuthenticationService } from '@gabion/contracts/gabion/identity/v1/authentication_pb';
import { CallerSchema } from '@gabion/contracts/gabion/identity/v1/caller_pb';
import { RoleService } from '@gabion/contracts/gabion/identity/v1/roles_pb';
import { TokenService } from '@gabion/contracts/gabion/identity/v1/tokens_pb';
import { ServiceAccountService, UserService } from '@gabion/contracts/gabion/identity/v1/users_pb';
import { type Database, openDatabase } from '@gabion/postgres/database';
import { type Connection, connect } from '@gabion/rpc/client';
import { Fault } from '@gabion/rpc/fault';
import { testDatabase } from '@gabion/testkit/postgres';
import { type Caller, CallerKind } from '@gabion/trust/caller';
import { credentials } from '@grpc/grpc-js';
import { sql } from 'kysely';
import type { Clock } from '../src/clock.ts';
import { configFrom } from '../src/config.ts';
import type { Schema } from '../src/db/schema.ts';
import { start } from '../src/service.ts';

/** A clock that stands still until it is told. */
export class TestClock {
  #offsetMs = 0;
  readonly now: Clock = () => new Date(Date.now() + this.#offsetMs);

  advance(ms: number): void {
    this.#offsetMs += ms;
  }
}

/** Identity on a database of its own, over unix sockets, with `replicas` of it; the gateway's clients of each. */
export async function platform({
  replicas = 1,
  clock = new TestClock(),
}: {
  replicas?: number;
  clock?: TestClock;
} = {}) {
  const stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'gabion-identity-'));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  await chmod(dir, 0o700);
  const database = stack.use(await testDatabase({ database: true }));
  const tokenFile = join(dir, 'administrator.token');
  const started = [];
  const gateways: Gateway[] = [];
  for (let replica = 0; replica < replicas; replica++) {
    const running = await start(config(dir, database.url, tokenFile, replica), clock.now);
    stack.use(running);
    started.push(running);
    gateways.push(stack.use(new Gateway(running.address)));
  }
  const db = stack.use(openDatabase<Schema>(database.url));
  const [gateway] = gateways;
  if (!gateway) throw new Error('no replica');
  return {
    dir,
    url: database.url,
    tokenFile,
    clock,
    db,
    started,
    gateways,
    gateway,
    async [Symbol.asyncDispose]() {
      await stack.disposeAsync();
    },
  };
}

export function config(dir: string, postgresUrl: string, tokenFile: string, replica = 0) {
  return configFrom({
    listen: `unix:${join(dir, `identity-${replica}.sock`)}`,
    postgresUrl,
    bus: { kind: 'postgres', logs: {} },
    dataDir: dir,
    logLevel: 'fatal',
    firstAdministrator: { tokenFile },
  });
}

/** What the gateway does: learns who a token belongs to and calls for them. */
export class Gateway implements Disposable {
  readonly connection: Connection;
  readonly authentication;
  readonly tokens;
  readonly users;
  readonly serviceAccounts;
  readonly roles;

  constructor(address: string, as = 'gateway') {
    this.connection = connect({ address, as, credentials: credentials.createInsecure() });
    this.authentication = this.connection.client(AuthenticationService);
    this.tokens = this.connection.client(TokenService);
    this.users = this.connection.client(UserService);
    this.serviceAccounts = this.connection.client(ServiceAccountService);
    this.roles = this.connection.client(RoleService);
  }

  /** Who a token belongs to, asked as if for a request. */
  async callerOf(token: string): Promise<Caller> {
    const { caller } = await this.authentication.authenticate({ token });
    if (!caller) throw new Error('no caller answered');
    return caller;
  }

  [Symbol.dispose](): void {
    this.connection[Symbol.dispose]();
  }
}

/** Somebody with everything, whom the database does not know: the operator of the machine. */
export const root = create(CallerSchema, {
  kind: CallerKind.USER,
  id: 'local',
  name: 'local operator',
  permissions: ['*'],
});

/** A user with the roles, as the gateway knows them after authentication, and the text of a token of theirs. */
export async function person(
  gateway: Gateway,
  ...roles: string[]
): Promise<{ caller: Caller; token: string; tokenId: string }> {
  const user = await gateway.users.createUser({ name: `u-${randomUUID()}`, roles }, { caller: root });
  const { text, token } = await gateway.tokens.createToken({ name: 'laptop', ownerId: user.id }, { caller: root });
  return { caller: await gateway.callerOf(text), token: text, tokenId: token?.id ?? '' };
}

/** The fault that a call ends with; an answer is an error of the test. */
export async function faultOf(call: Promise<unknown>): Promise<Fault> {
  const outcome = await call.then(
    (answer) =>
      new Error(`answered ${JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? `${value}` : value))}`),
    (error: unknown) => error,
  );
  if (outcome instanceof Fault) return outcome;
  throw outcome;
}

/** What the audit trail says of a resource, oldest first. */
export async function trail(db: Database, resource: string): Promise<MessageShape<typeof AuditRecordedSchema>[]> {
  return published(db, AuditRecordedSchema, 'audit.recorded', resource);
}

async function published<D extends DescMessage>(
  db: Database,
  schema: D,
  topic: string,
  key: string,
): Promise<MessageShape<D>[]> {
  const { rows } = await sql<{ body: Buffer }>`
    select body from events.log where topic = ${topic} and key = ${key} order by seq`.execute(db.kysely);
  return rows.map(({ body }) => fromBinary(schema, body));
}

/** Asks until it is so; for what happens in another process's own time. */
export async function eventually(isSo: () => Promise<boolean> | boolean, withinMs = 5000): Promise<void> {
  const until = Date.now() + withinMs;
  while (!(await isSo())) {
    if (Date.now() > until) throw new Error(`not so within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
