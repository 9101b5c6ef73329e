import { auditOwn } from '@gabion/service/audit';
import { writePrivately } from '@gabion/service/private-file';
import type { Logger } from '@gabion/telemetry/log';
import type { Clock } from './clock.ts';
import type { Database, Tx } from './db/schema.ts';
import { administrator } from './role.ts';
import type { Subjects } from './subjects.ts';
import { maxLifetimeSeconds, mint } from './token.ts';
import type { Tokens } from './tokens.ts';

export interface FirstAdministratorOptions {
  readonly db: Database;
  readonly subjects: Subjects;
  readonly tokens: Tokens;
  /** Where the token's text is written, mode 0600. */
  readonly tokenFile: string;
  readonly now: Clock;
  readonly log: Logger;
}

/**
 * Makes user `admin` with a token when there is no administrator; answers whether it did. The file is on the disk
 * before the transaction commits: a crash in between leaves a file whose token is void and no administrator, and the
 * next start does it again. So there is never an administrator whose only token nobody has.
 */
export async function firstAdministrator(options: FirstAdministratorOptions): Promise<boolean> {
  const { db, subjects, tokenFile, log } = options;
  const isMade = await db.transaction(async (tx) => {
    // Replicas start together: the second one waits here and then finds the first one's administrator.
    await subjects.lockAdministrators(tx);
    if (await subjects.hasAdministratorBeside(tx, undefined)) return false;
    const text = await make(tx, options);
    await writePrivately(tokenFile, `${text}\n`);
    return true;
  });
  if (isMade) log.warn({ tokenFile }, 'first administrator made; the file holds the token');
  return isMade;
}

async function make(tx: Tx, { subjects, tokens, now }: FirstAdministratorOptions): Promise<string> {
  const time = now();
  const owner = await subjects.create(tx, {
    kind: 'user',
    name: await freeName(tx),
    roles: [administrator],
    now: time,
  });
  const { text, prefix, hash } = mint();
  const token = await tokens.create(tx, {
    owner_id: owner.id,
    name: 'first administrator',
    prefix,
    hash,
    create_time: time,
    expire_time: new Date(time.getTime() + maxLifetimeSeconds * 1000),
  });
  const details = { name: owner.name, token: token.id };
  const change = { service: 'identity', resource: `users/${owner.id}`, details };
  await auditOwn(tx, 'identity.first-administrator', change, time);
  return text;
}

/** `admin`, unless somebody has the name: a person who holds no role must not become administrator by being called so. */
async function freeName(tx: Tx): Promise<string> {
  const taken = await tx
    .selectFrom('subjects')
    .select('name')
    .where('kind', '=', 'user')
    .where('name', 'like', 'admin%')
    .where('delete_time', 'is', null)
    .execute();
  const names = new Set(taken.map(({ name }) => name));
  for (let number = 1; ; number++) {
    const name = number === 1 ? 'admin' : `admin-${number}`;
    if (!names.has(name)) return name;
  }
}
