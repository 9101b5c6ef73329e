import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { AuthenticationService, WhoAmIRequestSchema } from '@gabion/contracts/gabion/identity/v1/authentication_pb';
import { CallerSchema } from '@gabion/contracts/gabion/identity/v1/caller_pb';
import { CertificateService } from '@gabion/contracts/gabion/identity/v1/certificates_pb';
import { AdvisoryService } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { ImageFormat, ScanService } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { Health } from '@gabion/contracts/grpc/health/v1/health_pb';
import { ServerReflection } from '@gabion/contracts/grpc/reflection/v1/reflection_pb';
import type { Connection } from '@gabion/rpc/client';
import { writeMessage } from '@gabion/rpc/definition';
import { pathOf } from '@gabion/rpc/method-path';
import { CallerKind, encodeCaller } from '@gabion/trust/caller';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { adminToken, type Platform, platform, readerToken, until } from './platform.ts';

let gabion: Platform;
let connection: Connection;
beforeAll(async () => {
  gabion = await platform({ limits: { failureRate: { burst: 1000, perSecond: 100 } } });
  connection = gabion.grpc();
});
afterAll(async () => {
  connection[Symbol.dispose]();
  await gabion[Symbol.asyncDispose]();
});

const token = adminToken;
const scans = () => connection.client(ScanService);

/** Calls with any bytes and any metadata. */
function raw(path: string, bytes: Buffer, metadata: Record<string, string | Buffer>): Promise<Buffer> {
  const client = new Client(gabion.grpcAddress, credentials.createInsecure());
  const given = new Metadata();
  for (const [key, value] of Object.entries(metadata)) given.set(key, value);
  const asIs = (each: Buffer) => each;
  return new Promise<Buffer>((resolve, reject) =>
    client.makeUnaryRequest(path, asIs, asIs, bytes, given, { deadline: Date.now() + 5000 }, (error, answer) =>
      error ? reject(error) : resolve(answer!),
    ),
  ).finally(() => client.close());
}

describe('a call over gRPC', () => {
  it('passes through in all four kinds', async () => {
    expect(await scans().getScan({ id: randomUUID() }, { token })).toMatchObject({ state: 0 });
    const watched = [];
    for await (const scan of scans().watchScan({ id: `1${randomUUID().slice(1)}` }, { token }))
      watched.push(scan.packageCount);
    expect(watched).toEqual([0, 1, 2]);
    async function* image() {
      yield { part: { case: 'header' as const, value: { name: 'x', format: ImageFormat.DOCKER_ARCHIVE } } };
      for (let index = 0; index < 20; index++)
        yield { part: { case: 'chunk' as const, value: new Uint8Array(500_000) } };
    }
    expect((await scans().uploadImage(image(), { token })).size).toBe(10_000_000n);
    async function* feed() {
      for (let index = 0; index < 3; index++) yield { part: { case: 'chunk' as const, value: new Uint8Array(1) } };
    }
    const read = [];
    for await (const { filesRead } of connection.client(AdvisoryService).importAdvisories(feed(), { token }))
      read.push(filesRead);
    expect(read).toEqual([1n, 2n, 3n]);
  });

  it('needs a token, and one that is known', async () => {
    await expect(scans().getScan({ id: randomUUID() })).rejects.toMatchObject({
      kind: 'unauthenticated',
      code: 'token_missing',
    });
    await expect(scans().getScan({ id: randomUUID() }, { token: 'gbn_nobody0001' })).rejects.toMatchObject({
      code: 'token_refused',
    });
    const watching = scans().watchScan({ id: randomUUID() })[Symbol.asyncIterator]();
    await expect(watching.next()).rejects.toMatchObject({ code: 'token_missing' });
  });

  it('cannot bring a caller or a service name of its own', async () => {
    const forged = encodeCaller(create(CallerSchema, { kind: CallerKind.USER, id: 'forged', permissions: ['*'] }));
    const spoof = { 'gabion-caller-bin': forged, 'gabion-service': 'identity', 'x-request-id': 'spoof-1' };
    const whoAmI = writeMessage(WhoAmIRequestSchema, {});
    await expect(raw(pathOf(AuthenticationService.method.whoAmI), whoAmI, spoof)).rejects.toMatchObject({ code: 16 });
    const bytes = writeMessage(ScanService.method.getScan.input, { id: randomUUID() });
    await raw(pathOf(ScanService.method.getScan), bytes, { ...spoof, authorization: `Bearer ${readerToken}` });
    expect(gabion.seen.calls.at(-1)).toMatchObject({
      peer: 'gateway',
      caller: { id: 'reader', sourceAddress: '127.0.0.1' },
    });
    await expect(
      raw(pathOf(AdvisoryService.method.listAdvisorySources), Buffer.alloc(0), {
        ...spoof,
        authorization: `Bearer ${readerToken}`,
      }),
    ).rejects.toMatchObject({ code: 7 });
  });

  it('does not reach what is for services only, nor the door for first certificates', async () => {
    const asked = gabion.identity.asked;
    const authentication = connection.client(AuthenticationService);
    await expect(authentication.authenticate({ token: 'x' }, { token })).rejects.toMatchObject({
      code: 'method_not_offered',
    });
    const watch = authentication.watchRevocations((async function* () {})(), { token })[Symbol.asyncIterator]();
    await expect(watch.next()).rejects.toMatchObject({ kind: 'unimplemented' });
    const issue = connection
      .client(CertificateService)
      .issueCertificate({ service: 'x', csr: new Uint8Array(1) }, { token });
    await expect(issue).rejects.toMatchObject({ kind: 'unimplemented' });
    expect(gabion.identity.asked - asked).toBeLessThanOrEqual(1);
  });

  it('keeps the details of a fault', async () => {
    const failing = scans().createScan({ target: { case: 'image', value: 'a' }, platform: 'linux/none' }, { token });
    await expect(failing).rejects.toMatchObject({ kind: 'not_found', code: 'image_not_found', retryAfterMs: 1500 });
    await expect(scans().getScan({ id: 'x' }, { token })).rejects.toMatchObject({
      code: 'field_invalid',
      fields: [{ field: 'id' }],
    });
  });

  it('passes its deadline and its end on', async () => {
    const before = gabion.seen.cancelled;
    const slow = { target: { case: 'image' as const, value: 'a' }, platform: 'linux/slow' };
    await expect(scans().createScan(slow, { token, deadlineMs: 200 })).rejects.toMatchObject({
      kind: 'deadline_exceeded',
    });
    const leaving = new AbortController();
    const cancelled = scans().createScan(slow, { token, signal: leaving.signal });
    setTimeout(() => leaving.abort(), 50);
    await expect(cancelled).rejects.toMatchObject({ kind: 'cancelled' });
    for await (const _ of scans().watchScan({ id: `2${randomUUID().slice(1)}` }, { token })) break;
    await until(() => gabion.seen.cancelled >= before + 3);
  });

  it('is not produced faster than it is read', async () => {
    let read = 0;
    for await (const _ of scans().watchScan({ id: `9${randomUUID().slice(1)}` }, { token })) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (++read === 50) break;
    }
    expect(gabion.seen.produced).toBeLessThan(20_000);
  });

  it('is offered with health and reflection', async () => {
    expect((await connection.client(Health).check({ service: ScanService.typeName })).status).toBe(1);
    async function* ask() {
      yield { messageRequest: { case: 'listServices' as const, value: '' } };
    }
    const names: string[] = [];
    for await (const { messageResponse } of connection.client(ServerReflection).serverReflectionInfo(ask()))
      if (messageResponse.case === 'listServicesResponse')
        names.push(...messageResponse.value.service.map(({ name }) => name));
    expect(names).toContain(ScanService.typeName);
    expect(names).not.toContain(CertificateService.typeName);
  });

  it('survives bytes that are no message, at every door that needs no token too', async () => {
    const junk = Buffer.from('ff'.repeat(40), 'hex');
    const paths = [
      Health.method.check,
      Health.method.watch,
      ServerReflection.method.serverReflectionInfo,
      ScanService.method.getScan,
    ];
    for (const method of paths) {
      const failed = raw(pathOf(method), junk, { authorization: `Bearer ${token}` }).then(
        () => undefined,
        (error: ServiceError) => error.code,
      );
      expect(await failed).toBe(3);
    }
    expect((await connection.client(Health).check({})).status).toBe(1);
  });

  it('refuses an idempotency key that is not one', async () => {
    const bytes = writeMessage(ScanService.method.getScan.input, { id: randomUUID() });
    const metadata = { authorization: `Bearer ${token}`, 'idempotency-key': 'no' };
    await expect(raw(pathOf(ScanService.method.getScan), bytes, metadata)).rejects.toMatchObject({ code: 3 });
  });
});
