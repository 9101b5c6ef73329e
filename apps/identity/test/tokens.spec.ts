import { randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { faultOf, person, platform, root, trail } from './platform.ts';

let identity: Awaited<ReturnType<typeof platform>>;
beforeAll(async () => {
  identity = await platform();
});
afterAll(async () => {
  await identity[Symbol.asyncDispose]();
});

const day = 86_400_000;

describe('the first administrator', () => {
  it('has a token in a file that only its owner can read', async () => {
    expect((await stat(identity.tokenFile)).mode & 0o777).toBe(0o600);
    const caller = await identity.gateway.callerOf((await readFile(identity.tokenFile, 'utf8')).trim());
    expect(caller).toMatchObject({ name: 'admin', permissions: ['*'] });
    const [made] = await trail(identity.db, `users/${caller.id}`);
    expect(made).toMatchObject({ action: 'identity.first-administrator', actor: { id: 'identity' } });
  });
});

describe('tokens', () => {
  it('have a text that is nowhere in the database', async () => {
    const { token } = await person(identity.gateway, 'viewer');
    expect(token).toMatch(/^gbn_[a-z2-7]{16}_[a-z2-7]{32}$/);
    const secret = token.slice(-32);
    const { rows } = await sql<{ found: boolean }>`
      select bool_or(text like ${`%${secret}%`}) as found from (
        select t::text as text from tokens t
        union all select encode(answer, 'escape') from gabion_idempotency
        union all select encode(body, 'escape') from events.log
      ) everything`.execute(identity.db.kysely);
    expect(rows[0]?.found).toBe(false);
  });

  it('name their owner with the permissions of all roles', async () => {
    const { caller, tokenId } = await person(identity.gateway, 'viewer', 'ci');
    expect(caller.tokenId).toBe(tokenId);
    expect(caller.permissions).toEqual([
      'advisories.list',
      'exceptions.list',
      'images.list',
      'scans.create',
      'scans.get',
      'scans.list',
      'tokens.create',
      'tokens.list',
      'tokens.revoke',
      'vex.list',
    ]);
    const whoAmI = await identity.gateway.authentication.whoAmI({}, { caller });
    expect(whoAmI.id).toBe(caller.id);
  });

  it('are refused when malformed, unknown or of another secret, all alike', async () => {
    const { token } = await person(identity.gateway, 'viewer');
    const lastDigit = token.endsWith('a') ? 'b' : 'a';
    const wrong = [
      'hello',
      'gbn_',
      `${token}a`,
      token.toUpperCase(),
      `gbn_${'a'.repeat(16)}_${'a'.repeat(32)}`,
      token.slice(0, -1) + lastDigit,
    ];
    const faults = await Promise.all(wrong.map((text) => faultOf(identity.gateway.callerOf(text))));
    expect(new Set(faults.map(({ kind, code, message }) => `${kind} ${code} ${message}`))).toEqual(
      new Set(['unauthenticated token_invalid the token is not valid']),
    );
  });

  it('leave no record in the audit trail when strangers show wrong ones', async () => {
    const count = async () =>
      (await sql<{ n: string }>`select count(*) as n from events.log`.execute(identity.db.kysely)).rows[0]?.n;
    const before = await count();
    for (let nth = 0; nth < 20; nth++)
      await faultOf(identity.gateway.callerOf(`gbn_${'a'.repeat(16)}_${'b'.repeat(32)}`));
    expect(await count()).toBe(before);
  });

  it('live 90 days unless told, a year at most, and are refused afterwards', async () => {
    const { caller, token } = await person(identity.gateway, 'viewer');
    const listed = await identity.gateway.tokens.listTokens({}, { caller });
    const [{ createTime, expireTime } = {}] = listed.tokens;
    if (!createTime || !expireTime) throw new Error('no times');
    expect(timestampDate(expireTime).getTime() - timestampDate(createTime).getTime()).toBe(90 * day);
    const tooLong = await faultOf(
      identity.gateway.tokens.createToken({ name: 'x', lifetimeSeconds: 31_536_001 }, { caller }),
    );
    expect(tooLong.fields[0]?.field).toBe('lifetimeSeconds');

    const short = await identity.gateway.tokens.createToken({ name: 'short', lifetimeSeconds: 60 }, { caller });
    identity.clock.advance(61_000);
    expect(await faultOf(identity.gateway.callerOf(short.text))).toMatchObject({ code: 'token_expired' });
    expect((await identity.gateway.callerOf(token)).id).toBe(caller.id);
  });

  it('note their last use at most once a minute', async () => {
    const { caller, token } = await person(identity.gateway, 'viewer');
    const lastUse = async () => {
      const { tokens } = await identity.gateway.tokens.listTokens({}, { caller });
      return tokens[0]?.lastUseTime && timestampDate(tokens[0].lastUseTime).getTime();
    };
    const first = await lastUse();
    expect(first).toBeDefined();
    identity.clock.advance(30_000);
    await identity.gateway.callerOf(token);
    expect(await lastUse()).toBe(first);
    identity.clock.advance(31_000);
    await identity.gateway.callerOf(token);
    expect(await lastUse()).toBeGreaterThan((first ?? 0) + 60_000);
  });

  it('page newest first, each exactly once', async () => {
    const { caller } = await person(identity.gateway, 'viewer');
    for (let nth = 1; nth <= 6; nth++) await identity.gateway.tokens.createToken({ name: `t${nth}` }, { caller });
    const names: string[] = [];
    let pageToken = '';
    do {
      const page = await identity.gateway.tokens.listTokens({ pageSize: 3, pageToken }, { caller });
      names.push(...page.tokens.map(({ name }) => name));
      pageToken = page.nextPageToken;
    } while (pageToken);
    expect(names.toSorted()).toEqual(['laptop', 't1', 't2', 't3', 't4', 't5', 't6']);
    expect(names.at(-1)).toBe('laptop');
    const fault = await faultOf(identity.gateway.tokens.listTokens({ pageToken: 'nonsense' }, { caller }));
    expect(fault).toMatchObject({ kind: 'invalid_argument', code: 'page_token_invalid' });
  });

  it('are hidden from the list once revoked, unless asked for', async () => {
    const { caller, tokenId } = await person(identity.gateway, 'viewer');
    const kept = await identity.gateway.tokens.createToken({ name: 'kept' }, { caller });
    const revoked = await identity.gateway.tokens.revokeToken({ id: tokenId }, { caller });
    expect(revoked.revokeTime).toBeDefined();
    const names = async (includeRevoked: boolean) =>
      (await identity.gateway.tokens.listTokens({ includeRevoked }, { caller })).tokens
        .map(({ name }) => name)
        .toSorted();
    expect(await names(false)).toEqual(['kept']);
    expect(await names(true)).toEqual(['kept', 'laptop']);
    expect((await identity.gateway.callerOf(kept.text)).id).toBe(caller.id);
    const records = await trail(identity.db, `tokens/${tokenId}`);
    expect(records.map(({ action }) => action)).toEqual([
      '/gabion.identity.v1.TokenService/CreateToken',
      '/gabion.identity.v1.TokenService/RevokeToken',
    ]);
  });

  it('of others are neither made, listed nor revoked without the permission for it', async () => {
    const { caller } = await person(identity.gateway, 'viewer');
    const other = await person(identity.gateway, 'viewer');
    const faults = await Promise.all([
      faultOf(identity.gateway.tokens.createToken({ name: 'x', ownerId: other.caller.id }, { caller })),
      faultOf(identity.gateway.tokens.listTokens({ ownerId: other.caller.id }, { caller })),
      faultOf(identity.gateway.tokens.revokeToken({ id: other.tokenId }, { caller })),
    ]);
    expect(faults.map(({ kind }) => kind)).toEqual(Array(3).fill('permission_denied'));
    const all = await identity.gateway.tokens.listTokens({ ownerId: other.caller.id }, { caller: root });
    expect(all.tokens).toHaveLength(1);
  });

  it('need an owner when the caller has no tokens of their own', async () => {
    const fault = await faultOf(identity.gateway.tokens.createToken({ name: 'x' }, { caller: root }));
    expect(fault).toMatchObject({ kind: 'invalid_argument', code: 'owner_required' });
    const nobody = await faultOf(
      identity.gateway.tokens.createToken({ name: 'x', ownerId: randomUUID() }, { caller: root }),
    );
    expect(nobody).toMatchObject({ kind: 'not_found', code: 'subject_unknown' });
  });
});

describe('an idempotency key', () => {
  it('makes one token, and gives it another secret as long as nobody used it', async () => {
    const { caller } = await person(identity.gateway, 'viewer');
    const idempotencyKey = randomUUID();
    const ask = () => identity.gateway.tokens.createToken({ name: 'pipeline' }, { caller, idempotencyKey });
    const first = await ask();
    const second = await ask();
    expect(second.token?.id).toBe(first.token?.id);
    expect(second.text).not.toBe(first.text);
    expect(await faultOf(identity.gateway.callerOf(first.text))).toMatchObject({ code: 'token_invalid' });
    expect((await identity.gateway.callerOf(second.text)).tokenId).toBe(first.token?.id);
    expect(await faultOf(ask())).toMatchObject({ kind: 'already_exists', code: 'token_already_shown' });
    expect((await identity.gateway.tokens.listTokens({}, { caller })).tokens).toHaveLength(2);
  });

  it('makes one user however often and at once it is used', async () => {
    const idempotencyKey = randomUUID();
    const ask = (name: string) => identity.gateway.users.createUser({ name }, { caller: root, idempotencyKey });
    const users = await Promise.all(Array.from({ length: 8 }, () => ask('one-person')));
    expect(new Set(users.map(({ id }) => id)).size).toBe(1);
    expect(await trail(identity.db, `users/${users[0]?.id}`)).toHaveLength(1);
    expect(await faultOf(ask('another-person'))).toMatchObject({
      kind: 'invalid_argument',
      code: 'idempotency_key_reused',
    });
  });

  it('is of its caller alone', async () => {
    const [one, two] = [await person(identity.gateway, 'viewer'), await person(identity.gateway, 'viewer')];
    const idempotencyKey = randomUUID();
    const ids = await Promise.all(
      [one, two].map(({ caller }) => identity.gateway.tokens.createToken({ name: 'same' }, { caller, idempotencyKey })),
    );
    expect(new Set(ids.map(({ token }) => token?.ownerId)).size).toBe(2);
  });
});
