import { type DescMessage, fromBinary, getOption, type MessageShape } from '@bufbuild/protobuf';
import { topic } from '@gabion/contracts/gabion/contract/v1/options_pb';
import { KeysUsedSchema, type KeyUse } from '@gabion/contracts/gabion/kms/v1/events_pb';
import { sql } from 'kysely';
import type { platform } from './platform.ts';

type SiteDb = Pick<Awaited<ReturnType<typeof platform>>, 'db'>;

/** The uses of a key in the order in which they were stored, and all that was published of uses. */
export async function trailOf({ db }: SiteDb, keyId: string): Promise<{ uses: KeyUse[]; bodies: Buffer[] }> {
  const bodies = await bodiesOf(db, 'keys.used');
  const uses = bodies.flatMap((body) => fromBinary(KeysUsedSchema, body).uses).filter((use) => use.keyId === keyId);
  return { uses, bodies };
}

/** What was published of this kind, in order. */
export async function eventsOf<S extends DescMessage>({ db }: SiteDb, schema: S): Promise<MessageShape<S>[]> {
  const bodies = await bodiesOf(db, getOption(schema, topic).name);
  return bodies.map((body) => fromBinary(schema, body));
}

async function bodiesOf(db: SiteDb['db'], name: string): Promise<Buffer[]> {
  const { rows } = await sql<{ body: Buffer }>`select body from events.log where topic = ${name} order by seq`.execute(
    db.kysely,
  );
  return rows.map(({ body }) => body);
}
