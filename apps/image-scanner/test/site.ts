import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { AdvisoryService } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { ExceptionService } from '@gabion/contracts/gabion/scan/v1/exceptions_pb';
import { ImageService } from '@gabion/contracts/gabion/scan/v1/images_pb';
import {
  type CreateScanRequestSchema,
  type Finding,
  FindingKind,
  ListFindingsRequestSchema,
  type Scan,
  ScanService,
  ScanState,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { type Database, openDatabase } from '@gabion/postgres/database';
import { type Client, connect } from '@gabion/rpc/client';
import { testDatabase } from '@gabion/testkit/postgres';
import { localOperator } from '@gabion/trust/caller';
import { credentials } from '@grpc/grpc-js';
import { sql } from 'kysely';
import { type ConfigInput, configFrom } from '../src/config.ts';
import { start } from '../src/service.ts';
import { credentialService } from './credential-service.ts';
import { feedOf, type TestFeed } from './feeds.ts';

export const caller = localOperator();

/** A database and a data directory, and image scanners that are started on them. */
export class Site implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  /** What kms-secrets keeps for the scanner. */
  readonly kept: Map<string, Uint8Array>;
  #sockets = 0;

  private constructor(
    readonly db: Database,
    readonly directory: string,
    kept: Map<string, Uint8Array>,
    stack: AsyncDisposableStack,
  ) {
    this.#stack = stack;
    this.kept = kept;
  }

  /** On a database of its own, unless one is given. */
  static async open(postgresUrl?: string): Promise<Site> {
    await using stack = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'gabion-scanner-'));
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    const url = postgresUrl ?? stack.use(await testDatabase({ database: true })).url;
    const db = stack.use(openDatabase(url));
    const kept = new Map<string, Uint8Array>();
    stack.use(await credentialService(join(directory, 'kms-secrets.sock'), kept));
    return new Site(db, directory, kept, stack.move());
  }

  /** Starts a replica; it stops with the site unless it is disposed before. */
  async replica(config: Partial<ConfigInput> = {}): Promise<Replica> {
    const replica = await Replica.start(this.config(config));
    this.#stack.use(replica);
    return replica;
  }

  config(config: Partial<ConfigInput> = {}): ConfigInput {
    return {
      listen: `unix:${join(this.directory, `${++this.#sockets}.sock`)}`,
      postgresUrl: this.db.url,
      bus: { kind: 'postgres', logs: { 'image-scanner': this.db.url } },
      peers: { 'kms-secrets': `unix:${join(this.directory, 'kms-secrets.sock')}` },
      dataDir: join(this.directory, 'data'),
      // Tests ask nobody on the internet; those of feeds ask for their own.
      advisoryUpdates: false,
      logLevel: (process.env.GABION_TEST_LOG as 'info' | undefined) ?? 'fatal',
      ...config,
    };
  }

  async count(table: string, where = 'true'): Promise<number> {
    const { rows } = await sql<{ n: string }>`
      select count(*) as n from ${sql.table(table)} where ${sql.raw(where)}`.execute(this.db.kysely);
    return Number(rows[0]!.n);
  }

  /** Events of a topic in the outbox, oldest first. */
  async events(topic: string): Promise<{ key: string; body: Buffer; headers: Record<string, string> }[]> {
    const { rows } = await sql<{ key: string; body: Buffer; headers: Record<string, string> }>`
      select key, body, headers from events.log where topic = ${topic} order by seq`.execute(this.db.kysely);
    return rows;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** A running image scanner and clients of it. */
export class Replica implements AsyncDisposable {
  readonly scans: Client<typeof ScanService>;
  readonly advisories: Client<typeof AdvisoryService>;
  readonly images: Client<typeof ImageService>;
  readonly exceptions: Client<typeof ExceptionService>;
  readonly #stop: () => Promise<void>;

  private constructor(
    readonly address: string,
    stop: () => Promise<void>,
  ) {
    const connection = connect({ address, as: 'gateway', credentials: credentials.createInsecure() });
    this.scans = connection.client(ScanService);
    this.advisories = connection.client(AdvisoryService);
    this.images = connection.client(ImageService);
    this.exceptions = connection.client(ExceptionService);
    this.#stop = async () => {
      connection[Symbol.dispose]();
      await stop();
    };
  }

  static async start(config: ConfigInput): Promise<Replica> {
    const running = await start(configFrom(config));
    return new Replica(running.address, () => Promise.resolve(running[Symbol.asyncDispose]()));
  }

  /** Clients of a replica that runs elsewhere. */
  static connect(address: string): Replica {
    return new Replica(address, async () => {});
  }

  create(image: string, more: MessageInitShape<typeof CreateScanRequestSchema> = {}): Promise<Scan> {
    return this.scans.createScan({ target: { case: 'image', value: image }, ...more }, { caller });
  }

  /** Scans to the end and answers the scan as it then is. */
  async scan(image: string, more: MessageInitShape<typeof CreateScanRequestSchema> = {}): Promise<Scan> {
    return this.ended((await this.create(image, more)).id);
  }

  async ended(id: string): Promise<Scan> {
    for await (const scan of this.scans.watchScan({ id }, { caller, deadlineMs: 60_000 }))
      if (scan.state === ScanState.SUCCEEDED || scan.state === ScanState.FAILED) return scan;
    throw new Error(`the watch of ${id} ended before the scan`);
  }

  /** The vulnerabilities of a scan. */
  async findings(scanId: string): Promise<Finding[]> {
    const filter = { kinds: [FindingKind.VULNERABILITY] };
    const request = create(ListFindingsRequestSchema, { scanId, pageSize: 1000, filter });
    return (await this.scans.listFindings(request, { caller })).findings;
  }

  /** Imports a feed and answers the last message. */
  async import(source: string, feed: TestFeed | Buffer) {
    const answers = this.advisories.importAdvisories(importOf(source, feed), { caller });
    return (await Array.fromAsync(answers)).at(-1)!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }
}

/** The messages that send a feed. */
export async function* importOf(source: string, feed: TestFeed | Buffer) {
  yield { part: { case: 'header' as const, value: { source } } };
  const bytes = Buffer.isBuffer(feed) ? feed : feedOf(feed);
  for (let at = 0; at < bytes.length; at += 512 * 1024)
    yield { part: { case: 'chunk' as const, value: bytes.subarray(at, at + 512 * 1024) } };
}

/** The words of a finding that a test compares. */
export function told({ vulnerabilityId, package: subject, fixedVersion, severity }: Finding) {
  return [vulnerabilityId, `${subject?.name}@${subject?.version}`, fixedVersion, severity] as const;
}
