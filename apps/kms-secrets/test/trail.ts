import { fromBinary } from '@bufbuild/protobuf';
import { KeysUsedSchema, type KeyUse } from '@gabion/contracts/gabion/kms/v1/events_pb';
import { sql } from 'kysely';
import type { platform } from './platform.ts';

/** The uses of a key in the order in which they were stored, and all that was published of uses. */
export async function trailOf(
  { db }: Pick<Awaited<ReturnType<typeof platform>>, 'db'>,
  keyId: string,
): Promise<{ uses: KeyUse[]; bodies: Buffer[] }> {
  const { rows } = await sql<{ body: Buffer }>`
    select body from events.log where topic = 'keys.used' order by seq`.execute(db.kysely);
  const bodies = rows.map(({ body }) => body);
  const uses = bodies.flatMap((body) => fromBinary(KeysUsedSchema, body).uses).filter((use) => use.keyId === keyId);
  return { uses, bodies };
}
