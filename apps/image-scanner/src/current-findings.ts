import { lifecycleOf } from '@gabion/advisories/end-of-life';
import type { Lifecycle } from '@gabion/advisories/facts';
import type { FindingKind } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Database, Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';
import { type Counts, countsOf } from './finding-counts.ts';
import { decodeContents, type ImageContents } from './image-contents.ts';
import { componentFindings, findingsOf, type ImageFinding } from './image-findings.ts';
import { type Suppressions, suppress, suppressionRevision } from './suppressions.ts';

/** An image as somebody looks at it: under these names, for these kinds of findings; every kind where none is named. */
export interface View {
  readonly imageId: string;
  readonly names: readonly string[];
  readonly kinds: readonly FindingKind[];
}

/** What is known against an image in short. */
export interface Summary extends Counts {
  /** When the advisories last changed what is known against it, since it is stored. */
  readonly changeTime: Date | undefined;
  /** End of support of its operating system, where known. */
  readonly endOfLifeTime: Date | undefined;
}

/** All that is known against an image. */
export interface Known extends ImageContents {
  readonly components: readonly number[];
  readonly all: readonly ImageFinding[];
}

interface ImageRow {
  readonly manifest_digest: string;
  readonly platform: string;
  readonly components: number[];
  readonly contents: Buffer | null;
}

interface Kept {
  readonly state: string;
  readonly until: Date | undefined;
  readonly summary: Summary;
}

const mostKept = 10_000;

/** What is known against images by the advisories, VEX documents and exceptions as they are at the moment of asking. */
export class CurrentFindings {
  readonly #kept = new Map<string, Kept>();

  constructor(
    private readonly db: Database,
    private readonly suppressions: Suppressions,
  ) {}

  async of(view: View, tx?: Tx): Promise<Known> {
    const within = tx ?? this.db.kysely;
    const { rows } = await sql<ImageRow>`
      select manifest_digest, platform, components, contents from images where id = ${view.imageId}`.execute(within);
    const [image] = rows;
    if (!image?.contents) return { packages: [], findings: [], components: [], all: [] };
    const contents = await decodeContents(image.contents);
    const found = findingsOf(contents, image.components, await componentFindings(within, image.components));
    const { suppresses } = await this.suppressions.active(new Date(), tx);
    const { manifest_digest: digest, platform } = image;
    const subject = { digest, platform, names: view.names, packages: contents.packages };
    const all = suppress(found, subject, suppresses);
    return { ...contents, components: image.components, all };
  }

  /** Of many at once, in their order; what was counted before is counted again only after something has changed. */
  async summaries(views: readonly View[], now: Date): Promise<Summary[]> {
    if (views.length === 0) return [];
    const state = await this.#state();
    const { endTime } = await this.suppressions.active(now);
    const summaries: Summary[] = [];
    for (const view of views) {
      const key = JSON.stringify(view);
      const kept = this.#kept.get(key);
      const isFresh = kept?.state === state && (!kept.until || kept.until > now);
      const summary = isFresh ? kept.summary : await this.summary(view);
      if (!isFresh) this.#keep(key, { state, until: endTime, summary });
      summaries.push(summary);
    }
    return summaries;
  }

  async summary(view: View, tx?: Tx): Promise<Summary> {
    const known = await this.of(view, tx);
    const ecosystems = [...new Set(known.packages.map((each) => each.ecosystem))];
    const { rows } = await sql<{ change_time: Date | null; lifecycles: readonly Lifecycle[] }>`
      select (
        select max(judging_rounds.time) from finding_changes join judging_rounds on judging_rounds.id = round
        where component_id = any(${[...known.components]}::int[])
      ) as change_time, coalesce((
        select jsonb_agg(jsonb_build_object('ecosystem', ecosystem, 'endOfLife', end_of_life))
        from lifecycles where ecosystem = any(${ecosystems}::text[])
      ), '[]') as lifecycles`.execute(tx ?? this.db.kysely);
    const { change_time: changeTime, lifecycles } = rows[0]!;
    // What no feed tells, a table of the engine does.
    const [endOfLife] = ecosystems.flatMap((each) => lifecycleOf(each, lifecycles)?.endOfLife ?? []).sort();
    return {
      ...countsOf(known.all, view.kinds),
      changeTime: changeTime ?? undefined,
      endOfLifeTime: endOfLife === undefined ? undefined : new Date(`${endOfLife}T00:00:00Z`),
    };
  }

  #keep(key: string, kept: Kept): void {
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > mostKept && oldest !== undefined) this.#kept.delete(oldest);
  }

  /** Another text whenever anything may have changed that findings hang on, except that time goes by. */
  async #state(): Promise<string> {
    const { rows } = await sql<{ state: string }>`
      select concat_ws(' ', (select max(id) from judging_rounds), (select max(revision) from advisory_sources),
        ${suppressionRevision}) as state`.execute(this.db.kysely);
    return rows[0]!.state;
  }
}
