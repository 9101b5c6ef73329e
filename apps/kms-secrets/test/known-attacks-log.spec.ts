import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { KeyService, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { CryptoService } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { SealKind, SealService } from '@gabion/contracts/gabion/kms/v1/seal_pb';
import { CredentialService, SecretService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { sql } from 'kysely';
import { connectAs, eventually, faultOf, platform, root } from './platform.ts';

const as = { caller: root };
const marker = randomBytes(24);
const share = Buffer.concat([randomBytes(32), Buffer.of(1)]);
const context = { [`name-${marker.toString('hex')}`]: 'value' };

/** The ways in which bytes may stand in a line: as text, as what JSON makes of a buffer, and in the usual alphabets. */
const writings = (bytes: Buffer) => [
  bytes.toString('hex'),
  bytes.toString('base64'),
  bytes.toString('base64url'),
  JSON.stringify([...bytes]).slice(1, -1),
  JSON.stringify(bytes.toString('latin1')).slice(1, -1),
  JSON.stringify(bytes.toString('utf8')).slice(1, -1),
  [...bytes].map((byte, at) => `"${at}":${byte}`).join(','),
];

describe('CVE-2025-62513: the log of the service, at its most talkative', () => {
  let site: Awaited<ReturnType<typeof platform>>;
  const lines: string[] = [];
  const written = jest.spyOn(fs, 'writeSync');

  beforeAll(async () => {
    // The log goes to standard error, past what a test could put in its place.
    written.mockImplementation(((_: number, text: string) => {
      lines.push(`${text}`);
      return Buffer.byteLength(`${text}`);
    }) as typeof fs.writeSync);
    site = await platform({ logLevel: 'trace' });
  });
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
    written.mockRestore();
  });

  it('holds nothing of what is kept, closed, given or asked, whether it works, is refused or fails', async () => {
    const keys = site.gateway.client(KeyService);
    const crypto = site.gateway.client(CryptoService);
    const secrets = site.gateway.client(SecretService);
    await keys.createKey({ name: 'k', type: KeyType.AES_256_GCM }, as);
    const { ciphertext } = await crypto.encrypt({ key: 'k', plaintext: marker, context }, as);
    await crypto.decrypt({ ciphertext, context }, as);
    await faultOf(crypto.decrypt({ ciphertext: marker, context }, as));
    await faultOf(crypto.verifyJws({ key: 'k', jws: marker.toString('base64') }, as));
    await secrets.putSecret({ path: 'a', data: { value: marker } }, as);
    await secrets.readSecret({ path: 'a' }, as);
    await faultOf(secrets.putSecret({ path: 'a', data: { value: marker }, expectedVersion: 9 }, as));
    using scanner = connectAs('image-scanner', site.started[0]!.address);
    await scanner.client(CredentialService).putCredential({ name: 'c', value: marker });
    const { id } = await keys.getWrappingKey({}, as);
    const key = { name: 'imported', type: KeyType.AES_256_GCM };
    await faultOf(keys.importKey({ key, wrappingKeyId: id, wrappedMaterial: marker }, as));
    await faultOf(keys.restoreKey({ backup: marker }, as));
    const seal = site.gateway.client(SealService);
    await faultOf(seal.unseal({ share }, as));
    const shamir = { kind: SealKind.SHAMIR, threshold: 2, shares: 2 };
    const { shares } = await seal.beginReseal({ settings: shamir }, as);
    // What the database says of a row that it does not take has the row in it.
    await sql`alter table secret_versions add constraint none check (version < 2)`.execute(site.db.kysely);
    await sql`alter table credentials add constraint none check (length(name) < 2)`.execute(site.db.kysely);
    expect((await faultOf(secrets.putSecret({ path: 'a', data: { value: marker } }, as))).message).not.toMatch(/row/i);
    await scanner
      .client(CredentialService)
      .putCredential({ name: 'other', value: marker })
      .catch(() => {});
    await eventually(() => lines.some((line) => line.includes('"level":"error"')));
    const log = lines.join('');
    expect(log).toContain('service started');
    for (const secret of [marker, share, ...shares.map((each) => Buffer.from(each))])
      for (const writing of writings(secret)) expect(log.includes(writing)).toBe(false);
  });
});
