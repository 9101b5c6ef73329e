import type { AdvisoryFormat } from '@gabion/advisories/advisory';
import type { Database, Tx } from '@gabion/postgres/database';
import { Fault } from '@gabion/rpc/fault';
import { sql } from 'kysely';
import { keepSummary, type SourceSummary, summaryOf } from '../advisories.ts';
import { showChangedAdvisories } from '../judging-gate.ts';
import { type Change, ImportSession, type Scope } from './import-session.ts';
import type { ReadingCounts, ReadingEnd, TaskDocument } from './reading-task.ts';
import { readInThread } from './thread.ts';
import { Turns } from './turns.ts';

/** What is to be imported into a source. */
export interface Incoming {
  readonly source: string;
  readonly format?: AdvisoryFormat;
  /** Of files that do not name theirs. */
  readonly ecosystem?: string;
  /** What to read: the one file or directory that is the feed (id 0), or documents of it that have changed. */
  readonly documents: readonly TaskDocument[];
  /** Set where the feed consists of documents: those that are read, and those that are gone. */
  readonly of?: { readonly removed: readonly number[]; readonly validators: ReadonlyMap<number, string> };
  /** The document is a bundle, of which the source's own part is imported. */
  readonly isBundle?: boolean;
  /** Takes a feed that holds less than half of what it held before, too. */
  readonly mayShrink: boolean;
}

/** What an import came to. */
export interface Imported {
  readonly summary: SourceSummary;
  readonly counts: ReadingCounts;
  readonly change: Change;
  readonly isChanged: boolean;
}

/** Below this share of what a feed held before, it is rather broken than right. */
const leastShare = 0.5;
/** A source with fewer is judged by no share: a small one may well lose half. */
const shrinkFrom = 20;

/** Imports into sources: read in a thread, compared by hash, written as a difference, shown in one transaction. */
export class SourceImport {
  /** One at a time in a process, whose memory it bounds. */
  readonly #turns = new Turns(1);

  constructor(private readonly db: Database) {}

  /** Tells counts as they grow; `within` runs in the transaction that shows the import. */
  async run(
    incoming: Incoming,
    tell: (counts: ReadingCounts) => void,
    within: (tx: Tx, imported: Imported) => Promise<void>,
    signal: AbortSignal,
  ): Promise<Imported> {
    using _turn = await this.#turns.next(signal);
    return ImportSession.run(this.db, incoming.source, signal, async (session) => {
      const end = await this.#read(session, incoming, tell, signal);
      let imported: Imported | undefined;
      await session.show(async (tx) => {
        imported = await shown(tx, session, incoming, end);
        await within(tx, imported);
        if (imported.change.added + imported.change.removed > 0) await showChangedAdvisories(tx);
      });
      return imported!;
    });
  }

  async #read(
    session: ImportSession,
    incoming: Incoming,
    tell: (counts: ReadingCounts) => void,
    signal: AbortSignal,
  ): Promise<ReadingEnd> {
    const { source, format, ecosystem, documents, isBundle = false } = incoming;
    const scope = scopeOf(incoming);
    const heldCount = await session.heldCount(scope);
    const task = {
      source,
      ...(format && { format }),
      ...(ecosystem && { ecosystem }),
      now: Date.now(),
      documents,
      isBundle,
      heldCount,
    };
    const reader = {
      held: () => session.held(scope),
      stage: (table: Parameters<ImportSession['stage']>[0], rows: Uint8Array) => session.stage(table, rows),
      counted: tell,
    };
    const end = await readInThread(task, reader, signal);
    const isEmpty = end.advisories.size === 0 && end.factCount === 0;
    if (isEmpty && documents.length > 0 && !isBundle) throw empty(end);
    return end;
  }
}

async function shown(tx: Tx, session: ImportSession, incoming: Incoming, end: ReadingEnd): Promise<Imported> {
  const before = await summaryOf(tx, incoming.source);
  if (incoming.of) await keepDocuments(tx, incoming.of, end);
  else await sql`delete from feed_documents where source = ${incoming.source}`.execute(tx);
  const summary = await summaryAfter(tx, incoming, before, end);
  if (!incoming.mayShrink && before) refuseShrunk(before, summary);
  const isSame = end.counts.entriesAdded === 0 && end.gone.length === 0;
  const entries = isSame ? { added: 0, removed: 0 } : await session.applyEntries(tx, end.gone);
  const facts = end.factCount > 0 ? await session.applyFacts(tx, end.kinds, !incoming.of) : 0;
  const isChanged = !before || !isSame || facts > 0;
  await keepSummary(tx, summary, isChanged);
  return { summary, counts: end.counts, change: { ...entries, facts }, isChanged };
}

async function summaryAfter(
  tx: Tx,
  { source, of }: Incoming,
  before: SourceSummary | undefined,
  end: ReadingEnd,
): Promise<SourceSummary> {
  const latest = end.latestChange > 0 ? new Date(end.latestChange) : null;
  const whole: SourceSummary = {
    source,
    format: end.format ?? before?.format ?? 'osv',
    ecosystems: end.ecosystems,
    advisory_count: [...end.advisories.values()].reduce((sum, count) => sum + count, 0),
    fact_count: end.factCount,
    import_time: new Date(),
    latest_change_time: latest,
  };
  if (!of) return whole;
  const { rows } = await sql<{ n: string }>`
    select coalesce(sum(advisory_count), 0) as n from feed_documents where source = ${source}`.execute(tx);
  const known = before?.latest_change_time ?? null;
  return {
    ...whole,
    ecosystems: [...new Set([...(before?.ecosystems ?? []), ...end.ecosystems])].sort(),
    advisory_count: rows[0]!.n,
    fact_count: Math.max(Number(before?.fact_count ?? 0), end.factCount),
    latest_change_time: known && (!latest || known > latest) ? known : latest,
  };
}

async function keepDocuments(tx: Tx, { removed, validators }: NonNullable<Incoming['of']>, end: ReadingEnd) {
  const ids = [...validators.keys()];
  await sql`
    update feed_documents set validator = read.validator, advisory_count = read.advisory_count
    from unnest(${ids}::bigint[], ${[...validators.values()]}::text[],
      ${ids.map((id) => end.advisories.get(id) ?? 0)}::bigint[]) as read (id, validator, advisory_count)
    where feed_documents.id = read.id`.execute(tx);
  await sql`delete from feed_documents where id = any(${[...removed]}::bigint[])`.execute(tx);
}

function scopeOf({ documents, of }: Incoming): Scope {
  // 0: what was held while the feed was one document.
  return of ? { documents: [0, ...documents.map(({ id }) => id), ...of.removed] } : 'all';
}

function refuseShrunk(before: SourceSummary, after: SourceSummary): void {
  const [was, is] = [before, after].map((each) => Number(each.advisory_count) + Number(each.fact_count)) as [
    number,
    number,
  ];
  if (was < shrinkFrom || is >= was * leastShare) return;
  throw new Fault('failed_precondition', `the feed holds ${is} advisories where it held ${was}; it is rather broken`, {
    code: 'feed_shrunk',
  });
}

function empty({ counts }: ReadingEnd): Fault {
  return new Fault('invalid_argument', `no advisory was found; ${counts.skipped[0] ?? 'the feed holds no file'}`, {
    code: 'feed_empty',
  });
}
