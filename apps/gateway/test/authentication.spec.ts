import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { adminToken, type Platform, platform, readerToken, until } from './platform.ts';

let gabion: Platform;
beforeEach(async () => {
  gabion = await platform({ limits: { failureRate: { burst: 1000, perSecond: 100 } } });
});
afterEach(() => gabion[Symbol.asyncDispose]());

const whoAmI = (token: string, headers: Record<string, string> = {}) => gabion.http('/v1/whoami', { token, headers });
const codeOf = async (response: Response) => ((await response.json()) as { code: string }).code;

/** Waits until the gateway remembers callers: its watch is up. */
const remembering = () =>
  until(async () => {
    const before = gabion.identity.asked;
    await whoAmI(adminToken);
    return gabion.identity.asked === before;
  });

describe('a bearer token', () => {
  it('is asked for with a challenge when there is none', async () => {
    const response = await whoAmI('');
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="gabion"');
    expect(await codeOf(response)).toBe('token_missing');
  });

  it.each(['Basic YTpi', 'Bearer', 'Bearer other_token_1234', 'Bearer gbn_ü'])('is not %s', async (authorization) => {
    const response = await gabion.http('/v1/whoami', {
      token: '',
      headers: { authorization: Buffer.from(authorization).toString('latin1') },
    });
    expect(response.status).toBe(401);
    expect(await codeOf(response)).toBe('token_malformed');
    expect(gabion.identity.asked).toBe(0);
  });

  it('is remembered while revocations are watched', async () => {
    await remembering();
    const asked = gabion.identity.asked;
    for (let index = 0; index < 5; index++) expect((await whoAmI(adminToken)).status).toBe(200);
    expect(gabion.identity.asked).toBe(asked);
  });

  it('is refused at once when its revocation has been answered', async () => {
    await remembering();
    for (let round = 0; round < 20; round++) {
      const token = `gbn_shortlived${round}`;
      gabion.identity.with(token, { id: `u${round}`, permissions: [] });
      expect((await whoAmI(token)).status).toBe(200);
      // Requests under way while the token is revoked must not bring it back into memory.
      const underWay = Promise.all([whoAmI(token), whoAmI(token)]);
      await gabion.identity.revoke(token);
      await underWay;
      expect((await whoAmI(token)).status).toBe(401);
    }
  });

  it('is not remembered while the watch is broken, and again afterwards', async () => {
    await remembering();
    gabion.identity.people.delete(adminToken);
    expect((await whoAmI(adminToken)).status).toBe(200);
    gabion.identity.cutWatches();
    await until(async () => (await whoAmI(adminToken)).status === 401);
    gabion.identity.with(adminToken, { id: 'admin', permissions: ['*'] });
    await until(async () => (await whoAmI(adminToken)).status === 200);
    await remembering();
  });

  it('is not remembered past its end', async () => {
    gabion.identity.with('gbn_ending0001', { id: 'e', permissions: [], expireTime: new Date(Date.now() + 300) });
    expect((await whoAmI('gbn_ending0001')).status).toBe(200);
    gabion.identity.people.delete('gbn_ending0001');
    await until(async () => (await whoAmI('gbn_ending0001')).status === 401, 2000);
  });

  it('cannot be checked while identity is down: unavailable, not unauthenticated', async () => {
    gabion.identity.isDown = true;
    const response = await whoAmI(readerToken);
    expect(response.status).toBe(503);
    expect(await codeOf(response)).toBe('identity_unavailable');
    expect(response.headers.get('retry-after')).toBe('1');
  });

  it('that fails too often shuts out others of the address, but not who is known', async () => {
    await using strict = await platform({ limits: { failureRate: { burst: 3, perSecond: 0.1 } } });
    const as = (token: string) => strict.http('/v1/whoami', { token });
    await until(async () => {
      const before = strict.identity.asked;
      await as(adminToken);
      return strict.identity.asked === before;
    });
    for (let index = 0; index < 4; index++) await as(`gbn_guess_number_${index}`);
    const shut = await as('gbn_guess_number_9');
    expect(shut.status).toBe(429);
    expect(Number(shut.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await as(readerToken)).status).toBe(429);
    expect((await as(adminToken)).status).toBe(200);
  });
});

describe('what only services may call', () => {
  it('is not reached over REST', async () => {
    for (const path of ['/gabion.identity.v1.CertificateService/IssueCertificate', '/v1/certificates'])
      expect((await gabion.http(path, { method: 'POST' })).status).toBe(404);
  });

  it('brings the address that a trusted proxy names, and no other', async () => {
    await using behind = await platform({ trustedProxies: ['127.0.0.0/8'] });
    await behind.http(`/v1/scans/${randomUUID()}`, { headers: { 'x-forwarded-for': '198.51.100.7, 203.0.113.9' } });
    expect(behind.seen.calls.at(-1)?.caller.sourceAddress).toBe('203.0.113.9');
    await behind.http(`/v1/scans/${randomUUID()}`, { headers: { 'x-forwarded-for': '198.51.100.7, 127.0.0.9' } });
    expect(behind.seen.calls.at(-1)?.caller.sourceAddress).toBe('198.51.100.7');
  });
});

describe('a budget', () => {
  it('is told in headers and refuses what goes beyond', async () => {
    await using small = await platform({
      limits: { callerRate: { burst: 3, perSecond: 0.5 }, addressRate: { burst: 2, perSecond: 0.1 } },
    });
    const first = await small.http('/v1/whoami');
    expect(first.headers.get('ratelimit-policy')).toBe('"caller";q=3;w=6');
    expect(first.headers.get('ratelimit')).toMatch(/^"caller";r=2;t=[12]$/);
    await small.http('/v1/whoami');
    await small.http('/v1/whoami');
    const over = await small.http('/v1/whoami');
    expect(over.status).toBe(429);
    expect(await codeOf(over)).toBe('rate_limited');
    expect(over.headers.get('retry-after')).toMatch(/^[12]$/);
    expect((await small.http('/v1/whoami', { token: readerToken })).status).toBe(200);
    const anonymous = [1, 2, 3].map(() => small.http('/v1/whoami', { token: '' }));
    expect((await Promise.all(anonymous)).map(({ status }) => status).sort()).toEqual([401, 401, 429]);
  });
});
