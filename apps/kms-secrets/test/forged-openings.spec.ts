import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { openSealed, sealTo } from '@gabion/keys/hpke';
import { combine } from '@gabion/shamir/shares';
import { postgresForTests } from '@gabion/testkit/postgres';
import type { IssuedCertificate } from '@gabion/trust/certificates';
import { type Signed, signStatement } from '@gabion/trust/statement';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { openedBy, placeOf } from '../src/seal/opening.ts';
import {
  answerStatementOf,
  contextOf,
  type OpeningRequest,
  statementOf,
} from '../src/seal/openings/opening-request.ts';
import { answerOpening, findOpening, insertOpening, requestOf } from '../src/seal/openings/opening-store.ts';
import type { OpeningRow } from '../src/seal/openings/tables.ts';
import { freshKey, wrapRoot } from '../src/seal/root-key.ts';
import { TestAuthority } from './authority.ts';
import { fleet, initialised, openings, type Replica, type Site } from './fleet.ts';
import { eventually } from './platform.ts';

let server: Awaited<ReturnType<typeof postgresForTests>>;
let site: Site;
let open: Replica;
let sealKey: Buffer;

beforeAll(async () => {
  server = await postgresForTests();
  site = await fleet();
  open = await site.replica();
  sealKey = combine((await initialised(open)).map((share) => Buffer.from(share)));
});
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const own = generateKeyPairSync('x25519');
const publicKey = Buffer.from(own.publicKey.export({ format: 'jwk' }).x as string, 'base64url');
const privateKey = Buffer.from(own.privateKey.export({ format: 'jwk' }).d as string, 'base64url');

/** A request as the seal is, but for `changes`. */
async function request(changes: Partial<OpeningRequest> = {}): Promise<OpeningRequest> {
  const { installation, generation, closings } = await sealRow();
  return { id: randomUUID(), installation, generation, closings, publicKey, askTime: new Date(), ...changes };
}

/** Stores a request, signed by `by`; `stored` is what is written other than signed. */
async function ask(asked: OpeningRequest, signed: Signed, stored: Partial<OpeningRequest> = {}): Promise<string> {
  await site.db.transaction((tx) => insertOpening(tx, { ...asked, ...stored }, signed));
  return asked.id;
}

function signedBy(asked: OpeningRequest, by: IssuedCertificate): Signed {
  return signStatement(statementOf(asked), by);
}

function sealRow() {
  return site.db.kysely.selectFrom('seal').selectAll().executeTakeFirstOrThrow();
}

const ago = (ms: number) => new Date(Date.now() - ms);

describe('an open replica', () => {
  it('gives the key to who has a certificate of this service', async () => {
    const asked = await request();
    await ask(asked, signedBy(asked, await site.authority.issue('kms-secrets')));
    await eventually(async () => (await findOpening(site.db.kysely, asked.id))?.sealed != null);
    const { sealed } = (await findOpening(site.db.kysely, asked.id)) as OpeningRow;
    expect(await openSealed(privateKey, sealed as Buffer, contextOf(asked))).toEqual(sealKey);
    expect((await openings(site)).map(({ details }) => details.opening)).toContain(asked.id);
  });

  it.each<[string, () => Promise<string>]>([
    ['another service', async () => signedAs(await site.authority.issue('image-scanner'))],
    ['another trust domain', async () => signedAs(await site.authority.issue('kms-secrets', { trustDomain: 'evil' }))],
    ['another authority', async () => signedAs(await (await TestAuthority.open()).issue('kms-secrets'))],
    ['an expired certificate', async () => signedAs(await site.authority.issue('kms-secrets', { expiredMs: 1000 }))],
    ['the key of another certificate', async () => signedAs(await mismatched())],
    ['nobody', async () => ask(await request(), { certificate: 'none', signature: randomBytes(70) })],
    ['a replica, of another generation', async () => genuine({ generation: 0 })],
    ['a replica, before the seal was closed', async () => genuine({ closings: '-1' })],
    ['a replica, of another installation', async () => genuine({ installation: randomUUID() })],
    ['a replica, half a minute ago', async () => genuine({ askTime: ago(31_000) })],
    ['a replica, for a time to come', async () => genuine({ askTime: ago(-60_000) })],
    ['a replica, with a key that cannot be sealed to', async () => genuine({ publicKey: Buffer.alloc(32) })],
    ['a replica, with its key replaced', async () => genuine({}, { publicKey: randomBytes(32) })],
    ['a replica, with its time replaced', async () => genuine({ askTime: ago(60_000) }, { askTime: new Date() })],
  ])('gives nothing for a request of %s, and drops it', async (_, forge) => {
    const id = await forge();
    await eventually(async () => (await findOpening(site.db.kysely, id)) === undefined);
    expect((await openings(site)).map(({ details }) => details.opening)).not.toContain(id);
    expect(await open.isOpen()).toBe(true);
  });

  it('stays at work while ten thousand requests of nobody come, and opens who asks among them', async () => {
    await sql`
      insert into seal_openings (id, installation, generation, closings, public_key, ask_time, certificate, signature)
      select gen_random_uuid(), gen_random_uuid(), 1, 0, decode(repeat('00', 32), 'hex'), clock_timestamp(),
        repeat('x', 16000), decode(repeat('00', 70), 'hex') from generate_series(1, 10000)`.execute(site.db.kysely);
    const late = await site.replica();
    await eventually(late.isOpen);
    await eventually(async () => {
      const { rows } = await sql<{ count: string }>`select count(*) from seal_openings`.execute(site.db.kysely);
      return Number(rows[0]?.count) < 10;
    });
    await late.stop();
  });

  async function signedAs(by: IssuedCertificate): Promise<string> {
    const asked = await request();
    return ask(asked, signedBy(asked, by));
  }

  async function genuine(changes: Partial<OpeningRequest>, stored?: Partial<OpeningRequest>): Promise<string> {
    const asked = await request(changes);
    return ask(asked, signedBy(asked, await site.authority.issue('kms-secrets')), stored);
  }

  async function mismatched(): Promise<IssuedCertificate> {
    const { privateKey: another } = await site.authority.issue('kms-secrets');
    return { ...(await site.authority.issue('kms-secrets')), privateKey: another };
  }
});

describe('a sealed replica', () => {
  it.each<[string, (asked: OpeningRow) => Promise<[Buffer, Signed]>]>([
    ['the key, given by another service', async (row) => answered(row, await site.authority.issue('image-scanner'))],
    ['the key, given for another request', async (row) => answered({ ...row, id: randomUUID() })],
    ['another key, given by a replica', async (row) => answered(row, undefined, freshKey())],
    ['noise', async () => [randomBytes(80), { certificate: 'none', signature: randomBytes(70) }]],
  ])('is not opened by %s', async (_, forge) => {
    await using sealed = await sealedAlone();
    const asked = await sealed.request();
    const [answer, by] = await forge(asked);
    await site.db.transaction((tx) => answerOpening(tx, asked.id, answer, by));
    // It asks again, and so has judged the answer.
    await eventually(async () => (await sealed.request()).id !== asked.id);
    expect(await sealed.replica.isOpen()).toBe(false);
  });

  it('is not opened by who replaced the whole seal with one of their own', async () => {
    const before = await sealRow();
    await using sealed = await sealedAlone();
    const forged = freshKey();
    await site.db.kysely
      .updateTable('seal')
      .set(wrapRoot(freshKey(), forged, placeOf(before)))
      .execute();
    const asked = await sealed.request();
    const [answer, by] = await answered(asked, await site.authority.issue('image-scanner'), forged);
    expect(openedBy(forged, await sealRow())).toBeDefined();
    await site.db.transaction((tx) => answerOpening(tx, asked.id, answer, by));
    await eventually(async () => (await sealed.request()).id !== asked.id);
    expect(await sealed.replica.isOpen()).toBe(false);
    const { wrapped_root, wrapped_seal_key } = before;
    await site.db.kysely.updateTable('seal').set({ wrapped_root, wrapped_seal_key }).execute();
  });

  it('is opened by a replica that gives it the key', async () => {
    await using sealed = await sealedAlone();
    const asked = await sealed.request();
    const [answer, by] = await answered(asked);
    await site.db.transaction((tx) => answerOpening(tx, asked.id, answer, by));
    await eventually(sealed.replica.isOpen);
  });

  async function answered(row: OpeningRow, by?: IssuedCertificate, key = sealKey): Promise<[Buffer, Signed]> {
    const asked = requestOf(row);
    const sealed = await sealTo(asked.publicKey, key, contextOf(asked));
    return [sealed, signStatement(answerStatementOf(asked, sealed), by ?? (await site.authority.issue('kms-secrets')))];
  }

  /** A replica with nobody to open it, and its request of the moment. */
  async function sealedAlone() {
    await open.stop();
    const replica = await site.replica();
    const waiting = () => site.db.kysely.selectFrom('seal_openings').selectAll().where('sealed', 'is', null);
    return {
      replica,
      async request(): Promise<OpeningRow> {
        await eventually(async () => (await waiting().execute()).length === 1);
        return waiting().executeTakeFirstOrThrow();
      },
      [Symbol.asyncDispose]: () => replica.stop(),
    };
  }
});
