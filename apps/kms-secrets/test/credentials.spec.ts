import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { SealService } from '@gabion/contracts/gabion/kms/v1/seal_pb';
import { CredentialService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { start } from '../src/service.ts';
import { config, connectAs, eventually, faultOf, platform, root } from './platform.ts';

type Site = Awaited<ReturnType<typeof platform>>;

describe('credentials of services', () => {
  let site: Site;
  let stack: AsyncDisposableStack;
  const of = (service: string, replica = 0) =>
    stack.use(connectAs(service, site.started[replica]!.address)).client(CredentialService);

  beforeAll(async () => {
    site = await platform({ replicas: 2 });
    stack = new AsyncDisposableStack();
  });
  afterAll(async () => {
    await stack.disposeAsync();
    await site[Symbol.asyncDispose]();
  });

  it('are read by whoever put them, through any replica, as put last', async () => {
    await of('image-scanner').putCredential({ name: 'registries/main', value: Buffer.from('one') });
    await of('image-scanner').putCredential({ name: 'registries/main', value: Buffer.from('two') });
    const { value } = await of('image-scanner', 1).readCredential({ name: 'registries/main' });
    expect(Buffer.from(value).toString()).toBe('two');
  });

  it('are seen by no other service and no person', async () => {
    await of('image-scanner').putCredential({ name: 'own', value: Buffer.from('mine') });
    const names = ['own', 'image-scanner/own', '../image-scanner/own'];
    const faults = await Promise.all(names.map((name) => faultOf(of('identity').readCredential({ name }))));
    expect(faults.map(({ code }) => code)).toEqual(names.map(() => 'credential_unknown'));
    await of('identity').deleteCredential({ name: 'own' });
    expect((await of('image-scanner').readCredential({ name: 'own' })).value).toHaveLength(4);
    const person = site.gateway.client(CredentialService).readCredential({ name: 'own' }, { caller: root });
    expect((await faultOf(person)).code).toBe('services_only');
  });

  it('are gone when they are deleted, and deleting again is no error', async () => {
    await of('image-scanner').putCredential({ name: 'gone', value: Buffer.from('x') });
    await of('image-scanner').deleteCredential({ name: 'gone' });
    await of('image-scanner').deleteCredential({ name: 'gone' });
    expect((await faultOf(of('image-scanner').readCredential({ name: 'gone' }))).code).toBe('credential_unknown');
  });

  it('are not there any more once they have expired, and are removed then', async () => {
    await using own = await platform();
    using scanner = connectAs('image-scanner', own.started[0]!.address);
    const service = scanner.client(CredentialService);
    const expireTime = timestampFromMs(Date.now() + 3_600_000);
    await service.putCredential({ name: 'scans/1', value: Buffer.from('x'), expireTime });
    expect((await service.readCredential({ name: 'scans/1' })).value).toHaveLength(1);
    own.clock.advance(3_600_001);
    expect((await faultOf(service.readCredential({ name: 'scans/1' }))).code).toBe('credential_unknown');
    // At the start of a replica, among other times.
    await using again = await start(config(own.dir, own.url, { replica: 3 }), own.clock.now);
    expect(again.address).toBeTruthy();
    await eventually(async () => (await own.db.kysely.selectFrom('credentials').selectAll().execute()).length === 0);
  });

  it('do not open in the row of another name', async () => {
    await of('image-scanner').putCredential({ name: 'a', value: Buffer.from('of a') });
    await of('image-scanner').putCredential({ name: 'b', value: Buffer.from('of b') });
    await sql`update credentials set wrapped = (select wrapped from credentials where name = 'a') where name = 'b'`.execute(
      site.db.kysely,
    );
    expect((await faultOf(of('image-scanner').readCredential({ name: 'b' }))).code).toBe('wrapped_refused');
  });

  it('are refused with an invalid name or no value', async () => {
    const bad = [
      { name: '../up', value: Buffer.from('x') },
      { name: 'a//b', value: Buffer.from('x') },
      { name: 'a', value: Buffer.alloc(0) },
      { name: 'a', value: Buffer.alloc(1_048_577) },
    ];
    const faults = await Promise.all(bad.map((each) => faultOf(of('image-scanner').putCredential(each))));
    expect(faults.map(({ kind }) => kind)).toEqual(bad.map(() => 'invalid_argument'));
  });

  it('leave a record of each use without the value', async () => {
    await of('image-scanner').putCredential({ name: 'recorded', value: Buffer.from('very-secret-value') });
    await of('image-scanner').readCredential({ name: 'recorded' });
    const { rows } = await sql<{ body: Buffer }>`select body from events.log order by seq`.execute(site.db.kysely);
    const texts = rows.map(({ body }) => body.toString('latin1'));
    expect(texts.filter((each) => each.includes('credentials/image-scanner/recorded'))).toHaveLength(2);
    expect(texts.some((each) => each.includes('very-secret-value'))).toBe(false);
  });

  it('are refused while the seal is closed', async () => {
    await of('image-scanner').putCredential({ name: 'sealed', value: Buffer.from('x') });
    await site.gateway.client(SealService).closeSeal({}, { caller: root });
    const faults = await Promise.all([
      faultOf(of('image-scanner').readCredential({ name: 'sealed' })),
      faultOf(of('image-scanner').putCredential({ name: 'sealed', value: Buffer.from('y') })),
    ]);
    expect(faults.map(({ code }) => code)).toEqual(['sealed', 'sealed']);
  });
});
