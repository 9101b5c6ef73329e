import { Readable } from 'node:stream';
import { createZstdCompress } from 'node:zlib';
import type { Database, Tx } from '@gabion/postgres/database';
import { Fault } from '@gabion/rpc/fault';
import { sql } from 'kysely';
import { pack } from 'tar-stream';
import type { SourceSummary } from '../advisories.ts';
import {
  type BundleManifest,
  type BundlePart,
  bundleSchema,
  digestOf,
  manifestName,
  markName,
  partPath,
} from './bundle.ts';

const rowsPerFile = 2000;

/** A file of a bundle. */
interface BundleFile {
  readonly name: string;
  readonly bytes: Buffer;
}

/** What sources hold, as of one moment, as a bundle; throws a Fault for a source that there is not. */
export async function* exported(db: Database, sources: readonly string[], signal: AbortSignal): AsyncGenerator<Buffer> {
  const compressed = Readable.from(tarred(files(db, sources, signal)), { objectMode: false }).compose(
    createZstdCompress(),
  );
  for await (const chunk of compressed) yield chunk as Buffer;
}

/** One file in memory at a time. */
async function* tarred(all: AsyncIterable<BundleFile>): AsyncGenerator<Buffer> {
  for await (const { name, bytes } of all) {
    const tar = pack();
    // Each as an archive of its own, of which the two empty blocks at the end are left out.
    tar.entry({ name, size: bytes.length, mode: 0o644, mtime: new Date(0) }, bytes);
    tar.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of tar) chunks.push(chunk as Buffer);
    yield Buffer.concat(chunks).subarray(0, -1024);
  }
  yield Buffer.alloc(1024);
}

async function* files(db: Database, sources: readonly string[], signal: AbortSignal): AsyncGenerator<BundleFile> {
  const manifest: Pick<BundleManifest, 'files'> = { files: [] };
  const listed = (name: string, text: string): BundleFile => {
    const bytes = Buffer.from(text);
    manifest.files.push({ path: name, size: bytes.length, sha256: digestOf(bytes) });
    return { name, bytes };
  };
  const createTime = new Date().toISOString();
  yield listed(markName, JSON.stringify({ schema: bundleSchema, kind: 'gabion advisories', createTime }));
  await using snapshot = await Snapshot.open(db);
  const summaries = await summariesOf(snapshot.tx, sources);
  for (const { source } of summaries)
    for (const part of ['entries', 'facts', 'lifecycles'] as const) {
      let index = 0;
      for await (const lines of linesOf(snapshot.tx, source, part)) {
        signal.throwIfAborted();
        yield listed(partPath(source, part, ++index), `${lines.join('\n')}\n`);
      }
    }
  const told = { schema: bundleSchema, createTime, sources: summaries.map(summaryJson), ...manifest };
  yield { name: manifestName, bytes: Buffer.from(JSON.stringify(told)) };
}

/** A transaction that sees one moment, for as long as it is held. */
class Snapshot implements AsyncDisposable {
  private constructor(
    readonly tx: Tx,
    private readonly end: () => Promise<void>,
  ) {}

  static async open(db: Database): Promise<Snapshot> {
    const opened = Promise.withResolvers<Tx>();
    const closed = Promise.withResolvers<void>();
    const running = db.transaction(
      async (tx) => {
        // A slow receiver must not be mistaken for a transaction that was forgotten.
        await sql`select set_config('idle_in_transaction_session_timeout', '600000', true)`.execute(tx);
        opened.resolve(tx);
        await closed.promise;
      },
      { isolation: 'repeatable read' },
    );
    running.catch(opened.reject);
    return new Snapshot(await opened.promise, async () => {
      closed.resolve();
      await running;
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }
}

async function summariesOf(tx: Tx, asked: readonly string[]): Promise<SourceSummary[]> {
  const { rows } = await sql<SourceSummary>`
    select source, format, ecosystems, advisory_count, fact_count, import_time, latest_change_time
    from advisory_sources where ${asked.length === 0} or source = any(${[...asked]}::text[]) order by source`.execute(
    tx,
  );
  const missing = asked.find((name) => !rows.some(({ source }) => source === name));
  if (missing !== undefined)
    throw new Fault('not_found', `there is no source ${missing}`, { code: 'advisory_source_not_found' });
  return rows;
}

function summaryJson(summary: SourceSummary): BundleManifest['sources'][number] {
  return {
    source: summary.source,
    format: summary.format,
    ecosystems: [...summary.ecosystems],
    advisoryCount: Number(summary.advisory_count),
    factCount: Number(summary.fact_count),
    importTime: summary.import_time.toISOString(),
    latestChangeTime: summary.latest_change_time?.toISOString() ?? null,
  };
}

/** Rows of a part as JSON lines, in pieces, in the order of their key: the same content makes the same bundle. */
async function* linesOf(tx: Tx, source: string, part: BundlePart): AsyncGenerator<string[]> {
  for (let after = ''; ; ) {
    const { rows } = await queries[part](source, after).execute(tx);
    if (rows.length > 0) yield rows.map(({ line }) => line);
    if (rows.length < rowsPerFile) return;
    after = rows.at(-1)!.key;
  }
}

type Line = { readonly key: string; readonly line: string };

const queries = {
  entries: (source: string, after: string) => sql<Line>`
    select encode(hash, 'hex') as key, entry::text as line from advisory_entries
    where source = ${source} and hash > decode(${after}, 'hex') order by hash limit ${rowsPerFile}`,
  facts: (source: string, after: string) => sql<Line>`
    select id as key, jsonb_strip_nulls(jsonb_build_object(
      'id', id,
      'epss', case when epss_source = ${source} then jsonb_build_object(
        'score', epss_score, 'percentile', epss_percentile, 'date', coalesce(epss_date::text, '')) end,
      'kev', case when kev_source = ${source} then jsonb_build_object(
        'addedOn', coalesce(kev_date::text, ''), 'dueOn', coalesce(kev_due_date::text, ''),
        'isUsedByRansomware', kev_ransomware) end,
      'scores', case when record_source = ${source} then cvss end,
      'cwes', case when record_source = ${source} then to_jsonb(cwes) end,
      'summary', case when record_source = ${source} then summary end))::text as line
    from vulnerability_facts
    where ${source} in (epss_source, kev_source, record_source) and id > ${after} order by id limit ${rowsPerFile}`,
  lifecycles: (source: string, after: string) => sql<Line>`
    select ecosystem as key, jsonb_strip_nulls(jsonb_build_object('ecosystem', ecosystem,
      'endOfLife', coalesce(end_of_life::text, ''), 'extendedSupport', extended_support::text))::text as line
    from lifecycles where source = ${source} and ecosystem > ${after} order by ecosystem limit ${rowsPerFile}`,
} as const satisfies Record<BundlePart, unknown>;
