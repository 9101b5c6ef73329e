import { randomUUID } from 'node:crypto';
import { FindingKind, type ListScansRequest, ScanState } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { parseReference } from '@gabion/oci/reference';
import type { Database, Tx } from '@gabion/postgres/database';
import { once } from '@gabion/postgres/idempotency';
import { pageToken } from '@gabion/postgres/pages';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { audit } from '@gabion/service/audit';
import { traceparent } from '@gabion/telemetry/tracing';
import { sql } from 'kysely';
import { seqBefore } from './page.ts';
import { hasEnded, type ScanRow, type State, states, type TargetKind } from './scan.ts';
import type { ScanCredentials } from './scan-credentials.ts';
import type { ScanOrder } from './scan-order.ts';
import { targetKindOf, type Uploads } from './uploads.ts';

/** PostgreSQL channels: a scan waits for a worker; a scan (by id) has changed. */
export const channels = { queued: 'scan_queued', changed: 'scan_changed' } as const;

/** The scans, as callers ask for them. */
export class Scans {
  constructor(
    private readonly db: Database,
    private readonly credentials: ScanCredentials,
    private readonly uploads: Uploads,
  ) {}

  /** Creates a scan, or answers what an earlier request with the same idempotency key was answered. */
  async createOnce(
    order: ScanOrder,
    requestHash: string,
    call: Call,
    encode: (scan: ScanRow) => Uint8Array,
  ): Promise<Uint8Array> {
    const id = randomUUID();
    if (order.credentials) await this.credentials.put(id, order.credentials);
    return this.db.transaction(async (tx) => {
      const work = async () => {
        const scan = await this.create(tx, order, id);
        const change = { service: 'image-scanner', resource: `scans/${scan.id}`, details: { target: scan.target } };
        await audit(tx, call, change);
        return encode(scan);
      };
      const key = call.idempotencyKey;
      if (key === undefined) return work();
      if (key.length > 255)
        throw new Fault('invalid_argument', 'an idempotency key has at most 255 characters', {
          code: 'idempotency_key_invalid',
        });
      return once(tx, { scope: `${call.caller.id} CreateScan`, key, requestHash }, work);
    });
  }

  /** Puts a scan into the queue; its credentials, if it has any, are kept under its id already. */
  async create(tx: Tx, order: ScanOrder, id: string = randomUUID()): Promise<ScanRow> {
    const { source, platform, credentials } = order;
    const upload = source.kind === 'upload' ? await this.uploads.claim(tx, source.uploadId) : undefined;
    const targetKind = upload ? targetKindOf(upload) : 'image';
    await sql`
      insert into scans (id, target, reference, upload_id, platform, plain_http, has_credentials, home, traceparent, state,
        kinds, priority, origin, lock_files, registry_host, target_kind)
      values (
        ${id}, ${upload?.name ?? (source.kind === 'registry' && (source.name ?? source.reference))},
        ${source.kind === 'registry' ? source.reference : null}, ${upload?.id ?? null}, ${platform},
        ${source.kind === 'registry' && source.plainHttp}, ${credentials !== undefined}, ${upload?.home ?? null}, ${traceparent() ?? null}, 'queued',
        ${kindsFor(targetKind, order.kinds)}::smallint[], ${order.priority}, ${order.origin},
        ${order.lockFiles || targetKind === 'file-system'},
        ${source.kind === 'registry' ? parseReference(source.reference).registry : ''}, ${targetKind}
      )`.execute(tx);
    await sql`select pg_notify(${channels.queued}, '')`.execute(tx);
    return this.get(id, tx);
  }

  async get(id: string, tx?: Tx): Promise<ScanRow> {
    const { rows } = await sql<ScanRow>`${scanQuery} where scans.id = ${id}`.execute(tx ?? this.db.kysely);
    if (!rows[0]) throw new Fault('not_found', `there is no scan ${id}`, { code: 'scan_not_found' });
    return rows[0];
  }

  /** Deletes a scan that has ended; its image is removed later, if no other scan is of it. */
  async delete(id: string, call: Call): Promise<void> {
    await this.db.transaction(async (tx) => {
      const { rows } = await sql<{ target: string; state: State }>`
        select target, state from scans where id = ${id} for update`.execute(tx);
      const [scan] = rows;
      if (!scan) throw new Fault('not_found', `there is no scan ${id}`, { code: 'scan_not_found' });
      if (!hasEnded(scan))
        throw new Fault('failed_precondition', 'a scan can be deleted when it has ended', { code: 'scan_not_ended' });
      await sql`delete from scans where id = ${id}`.execute(tx);
      await audit(tx, call, { service: 'image-scanner', resource: `scans/${id}`, details: { target: scan.target } });
    });
  }

  /** Newest first. */
  async list(request: ListScansRequest): Promise<{ scans: ScanRow[]; nextPageToken: string }> {
    const size = request.pageSize || 50;
    const query = `scans ${request.imageDigest} ${request.state}`;
    const before = seqBefore(request.pageToken, query);
    const state = stateNamed(request.state);
    const { rows } = await sql<ScanRow>`
      ${scanQuery}
      where ${before ? sql`scans.seq < ${before}::bigint` : sql`true`}
        and ${request.imageDigest ? sql`images.manifest_digest = ${request.imageDigest}` : sql`true`}
        and ${state ? sql`scans.state = ${state}` : sql`true`}
      order by scans.seq desc
      limit ${size + 1}`.execute(this.db.kysely);
    const scans = rows.slice(0, size);
    const last = scans.at(-1);
    return { scans, nextPageToken: rows.length > size && last ? pageToken({ seq: last.seq }, query) : '' };
  }
}

const scanQuery = sql`
  select scans.*, images.manifest_digest, images.platform as image_platform, images.operating_system, images.layers,
    images.warnings as image_warnings, images.package_count, images.contents is not null as has_contents
  from scans
  left join images on images.id = scans.image_id`;

/** Kinds of findings for which a list of packages is enough. */
const kindsOfLists: readonly FindingKind[] = [FindingKind.VULNERABILITY, FindingKind.LICENCE];

function kindsFor(target: TargetKind, asked: readonly FindingKind[]): FindingKind[] {
  if (target !== 'sbom') return [...asked];
  const kinds = kindsOfLists.filter((kind) => asked.length === 0 || asked.includes(kind));
  if (kinds.length > 0) return kinds;
  throw new Fault('invalid_argument', 'an SBOM tells of vulnerabilities and licences alone', {
    code: 'kinds_unsupported',
  });
}

function stateNamed(state: ScanState): string | undefined {
  return Object.entries(states).find(([, value]) => value === state)?.[0];
}
