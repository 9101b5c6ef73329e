import { ScanPriority } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { Catalogue } from '@gabion/oci/catalogue';
import { type OfferedImage, platformText } from '@gabion/oci/offered-images';
import type { RegistryOptions } from '@gabion/oci/registry';
import type { Database, Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';
import { scanErrorOf } from '../scan-errors.ts';
import type { Scans } from '../scans.ts';
import { storable } from '../storable.ts';
import { letsIn, plainNames } from './glob.ts';
import type { RegistryAccess } from './registry-access.ts';
import type { SweepRow } from './sweep.ts';
import { imagesAt, isRepository, tagsOf } from './sweep-listing.ts';

/** Scans of a sweep that may wait at a time: what is pushed meanwhile is not behind a whole registry. */
const maxWaiting = 64;
/** Tags looked at in one step, at the same time. */
const batch = 8;

export interface SweepParts {
  readonly db: Database;
  readonly scans: Scans;
  readonly access: RegistryAccess;
  readonly analyserVersion: string;
}

/** A sweep in the hands of this replica. */
export interface LeasedSweep extends SweepRow {
  readonly host: string;
}

/** Thrown where the sweep is no longer this replica's: what was found counts for nothing. */
export class SweepLost extends Error {
  override readonly name = 'SweepLost';
}

/**
 * One step of a sweep: settle what was scanned, then look at tags, at a repository, or at a page of the catalogue.
 * Each is one transaction with the place where the next goes on, so that a step that was killed is made again as if
 * it had not been begun. Answers whether there may be more to do at once.
 */
export class SweepStep {
  constructor(
    private readonly parts: SweepParts,
    private readonly worker: string,
  ) {}

  async take(sweep: LeasedSweep, signal: AbortSignal): Promise<boolean> {
    const waiting = await this.#settle(sweep);
    const options = await this.parts.access.optionsFor(sweep.host);
    const work = await this.#work(sweep);
    const tagged = work.filter(({ tag }) => tag !== '');
    if (tagged.length > 0) {
      if (waiting >= maxWaiting) return false;
      await this.#lookAtTags(sweep, tagged, options, signal);
      return true;
    }
    if (work[0]) await this.#lookAtRepository(sweep, work[0].repository, options, signal);
    else if (!sweep.is_catalogue_read) await this.#lookAtCatalogue(sweep, options, signal);
    else return this.#finish(sweep, waiting);
    return true;
  }

  /** Ends the sweep without having seen all. */
  async fail(sweep: LeasedSweep, error: { code: string; message: string }): Promise<void> {
    await this.#own(sweep, async (tx) => {
      await sql`
        update sweeps set state = 'failed', end_time = now(), error_code = ${error.code},
          error_message = ${storable(error.message)}, leased_by = null, lease_until = null
        where id = ${sweep.id}`.execute(tx);
      await sql`delete from sweep_work where sweep_id = ${sweep.id}`.execute(tx);
    });
  }

  /** Counts what has been scanned; answers how many scans are still to end. */
  async #settle(sweep: LeasedSweep): Promise<number> {
    return this.#own(sweep, async (tx) => {
      await sql`
        with ended as (
          update sweep_images set
            state = case when scans.state = 'succeeded' then 'succeeded' else 'failed' end,
            error_code = case when scans.state = 'succeeded' then null else coalesce(scans.error_code, 'scan_deleted') end,
            error_message = case when scans.state = 'succeeded' then null else coalesce(scans.error_message, '') end
          from sweep_images waiting left join scans on scans.id = waiting.scan_id
          where sweep_images.sweep_id = ${sweep.id} and waiting.sweep_id = ${sweep.id}
            and sweep_images.seq = waiting.seq and waiting.state = 'waiting'
            and (scans.id is null or scans.state in ('succeeded', 'failed'))
          returning sweep_images.state
        )
        update sweeps set
          scans_succeeded = scans_succeeded + (select count(*) from ended where state = 'succeeded'),
          scans_failed = scans_failed + (select count(*) from ended where state = 'failed')
        where id = ${sweep.id}`.execute(tx);
      const { rows } = await sql<{ n: string }>`
        select count(*) as n from sweep_images where sweep_id = ${sweep.id} and state = 'waiting'`.execute(tx);
      return Number(rows[0]!.n);
    });
  }

  async #work(sweep: LeasedSweep): Promise<{ repository: string; tag: string }[]> {
    const { rows } = await sql<{ repository: string; tag: string }>`
      select repository, tag from sweep_work where sweep_id = ${sweep.id}
      order by tag = '', repository, tag limit ${batch}`.execute(this.parts.db.kysely);
    return rows;
  }

  async #lookAtCatalogue(sweep: LeasedSweep, options: RegistryOptions, signal: AbortSignal): Promise<void> {
    const named = plainNames(sweep.scope.repositories);
    using catalogue = new Catalogue(sweep.host, options);
    const page = named ? { names: named } : await catalogue.repositories(sweep.next_page ?? undefined, signal);
    const wanted = page.names.filter(
      (name) => isRepository(sweep.host, name) && letsIn(sweep.scope.repositories, name),
    );
    const next = 'next' in page ? page.next : undefined;
    await this.#own(sweep, async (tx) => {
      await sql`
        with met as (
          insert into sweep_repositories select ${sweep.id}::uuid, unnest(${[...new Set(wanted)]}::text[])
          on conflict do nothing returning repository
        ), work as (
          insert into sweep_work (sweep_id, repository, tag) select ${sweep.id}::uuid, repository, '' from met
        )
        update sweeps set repositories_found = repositories_found + (select count(*) from met),
          next_page = ${next ?? null}, is_catalogue_read = ${next === undefined}
        where id = ${sweep.id}`.execute(tx);
    });
  }

  async #lookAtRepository(
    sweep: LeasedSweep,
    repository: string,
    options: RegistryOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const found = await tagsOf(sweep, repository, options, signal);
    await this.#own(sweep, async (tx) => {
      await sql`
        delete from sweep_work where sweep_id = ${sweep.id} and repository = ${repository} and tag = ''`.execute(tx);
      if ('failure' in found) await putFailure(tx, sweep, `${sweep.host}/${repository}`, found.failure);
      else
        await sql`
          insert into sweep_work (sweep_id, repository, tag)
          select ${sweep.id}, ${repository}, unnest(${found.tags}::text[]) on conflict do nothing`.execute(tx);
    });
  }

  async #lookAtTags(
    sweep: LeasedSweep,
    tagged: readonly { repository: string; tag: string }[],
    options: RegistryOptions,
    signal: AbortSignal,
  ): Promise<void> {
    const seen = await Promise.all(
      tagged.map(async ({ repository, tag }) => {
        const target = `${sweep.host}/${repository}:${tag}`;
        return { repository, tag, target, ...(await imagesAt(target, sweep.scope, options, signal)) };
      }),
    );
    await this.#own(sweep, async (tx) => {
      for (const { repository, tag, target, images, failure } of seen) {
        if (failure !== undefined) await putFailure(tx, sweep, target, failure);
        for (const image of images) await this.#put(tx, sweep, target, image);
        await sql`
          delete from sweep_work where sweep_id = ${sweep.id} and repository = ${repository} and tag = ${tag}`.execute(
          tx,
        );
      }
    });
  }

  /** Has an image scanned, unless its digest is known: then it is judged as it is stored. */
  async #put(tx: Tx, sweep: LeasedSweep, target: string, image: OfferedImage): Promise<void> {
    const platform = platformText(image);
    const { rows } = await sql<{ is_known: boolean }>`
      insert into sweep_images (sweep_id, target, platform, manifest_digest, state)
      select ${sweep.id}, ${target}, ${platform}, ${image.digest}, case when is_known then 'reused' else 'waiting' end
      from (select exists (
        select from sweep_images where sweep_id = ${sweep.id} and manifest_digest = ${image.digest}
      ) or exists (
        select from images where manifest_digest = ${image.digest} and contents is not null and not is_superseded
          and analyser_version = ${this.parts.analyserVersion}
      ) as is_known) known
      on conflict do nothing
      returning state = 'reused' as is_known`.execute(tx);
    const [put] = rows;
    if (!put) return;
    await sql`
      update sweeps set images_found = images_found + 1, scans_reused = scans_reused + ${put.is_known ? 1 : 0}
      where id = ${sweep.id}`.execute(tx);
    if (put.is_known) return;
    const scan = await this.parts.scans.create(tx, {
      source: { kind: 'registry', reference: `${target}@${image.digest}`, plainHttp: false, name: target },
      platform,
      credentials: undefined,
      kinds: [],
      priority: ScanPriority.BACKGROUND,
      lockFiles: false,
      origin: `sweeps/${sweep.id}`,
    });
    await sql`
      update sweep_images set scan_id = ${scan.id}
      where sweep_id = ${sweep.id} and target = ${target} and platform = ${platform}`.execute(tx);
  }

  /** All has been looked at; the sweep ends with its last scan. Answers false: there is nothing to do at once. */
  async #finish(sweep: LeasedSweep, waiting: number): Promise<boolean> {
    if (waiting > 0 && sweep.state === 'scanning') return false;
    await this.#own(sweep, async (tx) => {
      if (waiting > 0) await sql`update sweeps set state = 'scanning' where id = ${sweep.id}`.execute(tx);
      else
        await sql`
          update sweeps set state = 'succeeded', end_time = now(), leased_by = null, lease_until = null
          where id = ${sweep.id}`.execute(tx);
    });
    return false;
  }

  /** A transaction of whoever holds the sweep. */
  #own<T>(sweep: LeasedSweep, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.parts.db.transaction(async (tx) => {
      const { rows } = await sql`
        select from sweeps where id = ${sweep.id} and leased_by = ${this.worker} and state in ('listing', 'scanning')
        for update`.execute(tx);
      if (rows.length === 0) throw new SweepLost(`sweep ${sweep.id} is no longer held by this replica`);
      return work(tx);
    });
  }
}

async function putFailure(tx: Tx, { id }: LeasedSweep, target: string, reason: unknown): Promise<void> {
  const { code, message } = scanErrorOf(reason);
  await sql`
    with put as (
      insert into sweep_images (sweep_id, target, platform, state, error_code, error_message)
      values (${id}, ${target}, '', 'failed', ${code}, ${storable(message)}) on conflict do nothing returning 1
    )
    update sweeps set images_found = images_found + (select count(*) from put),
      scans_failed = scans_failed + (select count(*) from put)
    where id = ${id}`.execute(tx);
}
