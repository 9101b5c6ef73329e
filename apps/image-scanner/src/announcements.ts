import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { type FindingChangeSchema, FindingsChangedSchema } from '@gabion/contracts/gabion/scan/v1/events_pb';
import { publishAll } from '@gabion/events/publish';
import type { Database, Tx } from '@gabion/postgres/database';
import { sql } from 'kysely';
import { type PlacedChange, placedChanges } from './finding-changes.ts';
import { RoundMemory } from './round-memory.ts';
import type { SeverityCounts } from './scan.ts';
import type { Suppresses } from './suppression.ts';
import type { Suppressions } from './suppressions.ts';

/** Images that are told of in one transaction. */
const batch = 250;
const maxChangesTold = 100;
const maxTargetsTold = 20;
/** The index is asked for each component; with more of them reading all images takes less time. */
const mostByIndex = 1000;

type ChangedMessage = MessageInitShape<typeof FindingsChangedSchema>;

interface ImageRow {
  readonly id: string;
  readonly manifest_digest: string;
  readonly platform: string;
  /** As JSON: many thousands of arrays are read, and the driver's own reading of them is slow. */
  readonly components: string;
  readonly contents: Buffer;
  readonly targets: string[];
}

/** Tells of each image whose findings a round of judging has changed, once. */
export class Announcements {
  #memory = new RoundMemory('');

  constructor(
    private readonly db: Database,
    private readonly suppressions: Suppressions,
  ) {}

  /**
   * Writes down which images are to be told of the oldest round for which that was not done yet. An image that was
   * stored later has told of its changes with its scan.
   */
  async spread(): Promise<boolean> {
    return this.db.transaction(async (tx) => {
      const { rows } = await sql<{ id: string }>`
        update judging_rounds set is_spread = true
        where id = (select id from judging_rounds where not is_spread order by id limit 1 for update)
        returning id`.execute(tx);
      const [round] = rows;
      if (!round) return false;
      await sql`set local statement_timeout = 0`.execute(tx);
      await sql`
        insert into announcements (round, image_id)
        select ${round.id}, id from images
        where ${await holdsChanged(tx, round.id)} and not is_superseded and round < ${round.id}`.execute(tx);
      return true;
    });
  }

  /** Tells of some images; answers whether there were any. */
  async tellSome(): Promise<boolean> {
    return this.db.transaction(async (tx) => {
      await sql`select pg_advisory_xact_lock(hashtextextended('gabion announcements', 0))`.execute(tx);
      const taken = await take(tx);
      if (!taken) return false;
      if (this.#memory.round !== taken.round) this.#memory = new RoundMemory(taken.round);
      const { suppresses } = await this.suppressions.active(new Date(), tx);
      const messages = await messagesOf(tx, taken.images, this.#memory, suppresses);
      await publishAll(tx, FindingsChangedSchema, messages);
      return true;
    });
  }
}

async function take(tx: Tx): Promise<{ round: string; images: ImageRow[] } | undefined> {
  const { rows: taken } = await sql<{ round: string; image_id: string }>`
    delete from announcements using (
      select round, image_id from announcements
      where round = (select min(round) from announcements) order by image_id limit ${batch}
    ) as next
    where announcements.round = next.round and announcements.image_id = next.image_id
    returning announcements.round, announcements.image_id`.execute(tx);
  const round = taken[0]?.round;
  if (round === undefined) return undefined;
  const { rows } = await sql<ImageRow>`
    select images.id, manifest_digest, platform, array_to_json(components)::text as components, contents,
      array(
        select target from scans where image_id = images.id and state = 'succeeded'
        group by target order by max(seq) desc limit ${maxTargetsTold}
      ) as targets
    from images where id = any(${taken.map((each) => each.image_id)}::bigint[]) order by id`.execute(tx);
  return { round, images: rows };
}

/** The condition on images that they hold a component of which the round has changed something. */
async function holdsChanged(tx: Tx, round: string) {
  const { rows } = await sql<{ ids: number[] }>`
    select coalesce(array_agg(distinct component_id), '{}') as ids
    from finding_changes where round = ${round}`.execute(tx);
  const { ids } = rows[0]!;
  if (ids.length <= mostByIndex) return sql`components && ${ids}::int[]`;
  return sql`exists (
    select from unnest(components) as held (id)
    where held.id in (select component_id from finding_changes where round = ${round})
  )`;
}

async function messagesOf(
  tx: Tx,
  images: readonly ImageRow[],
  memory: RoundMemory,
  suppresses: Suppresses | undefined,
): Promise<ChangedMessage[]> {
  const components = images.map((image) => JSON.parse(image.components) as number[]);
  await memory.load(tx, components.flat());
  return images.flatMap((image, index) => {
    const held = components[index]!;
    const { packages, placed } = placedChanges(image.contents, held, memory.changesOf(held));
    const subject = { digest: image.manifest_digest, platform: image.platform, names: image.targets, packages };
    const told = placed.filter(({ finding }) => !suppresses?.(finding, subject));
    return told.length === 0 ? [] : [messageOf(image, told, memory.severityCounts(held))];
  });
}

function messageOf(image: ImageRow, told: readonly PlacedChange[], severityCounts: SeverityCounts): ChangedMessage {
  const worstFirst = told.toSorted((a, b) => b.finding.severity - a.finding.severity);
  const [added, removed] = [true, false].map((isAdded) =>
    worstFirst.filter(({ change }) => change.is_added === isAdded),
  );
  return {
    imageDigest: image.manifest_digest,
    platform: image.platform,
    targets: image.targets,
    added: added!.slice(0, maxChangesTold).map(changeMessage),
    removed: removed!.slice(0, maxChangesTold).map(changeMessage),
    addedCount: added!.length,
    removedCount: removed!.length,
    severityCounts,
    judgeTime: timestampFromDate(new Date()),
  };
}

function changeMessage({ finding, change }: PlacedChange): MessageInitShape<typeof FindingChangeSchema> {
  return {
    findingId: finding.id,
    vulnerabilityId: finding.names[0]!,
    packageName: finding.subject!.name,
    packageVersion: finding.subject!.version,
    severity: finding.severity,
    fixedVersion: change.fixed_version,
    advisorySource: change.source,
    knownExploited: finding.isExploited,
  };
}
