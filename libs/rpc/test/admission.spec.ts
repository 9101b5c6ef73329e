import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { type Caller, CallerKind, CallerSchema } from '@gabion/contracts/gabion/identity/v1/caller_pb';
import { ScanService } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { Health } from '@gabion/contracts/grpc/health/v1/health_pb';
import { ServerReflection } from '@gabion/contracts/grpc/reflection/v1/reflection_pb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Refusal } from '../src/contract-server.ts';
import { serveScans } from './scans.ts';

const refusals: Refusal[] = [];
let scans: Awaited<ReturnType<typeof serveScans>>;
beforeAll(async () => {
  scans = await serveScans({ refused: (refusal) => void refusals.push(refusal) });
});
afterAll(() => scans[Symbol.asyncDispose]());

const person = (...permissions: string[]): Caller =>
  create(CallerSchema, { kind: CallerKind.USER, id: randomUUID(), name: 'ada', permissions });

async function get(as: string, caller?: Caller) {
  using connection = scans.as(as);
  return await connection.client(ScanService).getScan({ id: randomUUID() }, caller ? { caller } : {});
}

describe('admission', () => {
  it('lets in whom the permission is held by, by name, by area or all', async () => {
    for (const permission of ['scans.get', 'scans.*', '*'])
      await expect(get('gateway', person(permission))).resolves.toBeDefined();
  });

  it('turns away a caller without the permission and tells the audit trail', async () => {
    await expect(get('gateway', person('scans.list', 'scan.*'))).rejects.toMatchObject({
      code: 'permission_denied',
      message: 'this needs the permission scans.get',
    });
    expect(refusals.at(-1)).toMatchObject({
      fault: { code: 'permission_denied' },
      admitted: { caller: { name: 'ada' } },
    });
  });

  it('turns away a service that is not on the list, named or unnamed, also by a name every object has', async () => {
    for (const name of ['signer', 'unnamed', 'constructor', 'toString'])
      await expect(get(name, person('*'))).rejects.toMatchObject({ code: 'service_not_allowed' });
  });

  it('turns away a service that speaks for others and may not', async () => {
    await expect(get('delivery', person('*'))).rejects.toMatchObject({ code: 'service_not_allowed' });
  });

  it('turns away a service that calls for itself without the permission', async () => {
    await expect(get('delivery')).rejects.toMatchObject({ code: 'permission_denied' });
  });
});

describe('standard services', () => {
  it('answer health for the server and each service', async () => {
    using connection = scans.as('anybody');
    const health = connection.client(Health);
    await expect(health.check({})).resolves.toMatchObject({ status: 1 });
    await expect(health.check({ service: 'gabion.scan.v1.ScanService' })).resolves.toMatchObject({ status: 1 });
    await expect(health.check({ service: 'none' })).rejects.toMatchObject({ kind: 'not_found' });
  });

  it('reflect services, symbols and files with their dependencies', async () => {
    using connection = scans.as('anybody');
    async function* ask() {
      yield { messageRequest: { case: 'listServices' as const, value: '' } };
      yield { messageRequest: { case: 'fileContainingSymbol' as const, value: 'gabion.scan.v1.ScanService' } };
      yield { messageRequest: { case: 'fileContainingSymbol' as const, value: 'gabion.scan.v1.ScanService.GetScan' } };
      yield { messageRequest: { case: 'fileByFilename' as const, value: 'google/api/http.proto' } };
      yield { messageRequest: { case: 'fileContainingSymbol' as const, value: 'google.rpc.ErrorInfo' } };
      yield { messageRequest: { case: 'fileContainingSymbol' as const, value: 'no.such.Thing' } };
    }
    const answers = [];
    for await (const answer of connection.client(ServerReflection).serverReflectionInfo(ask()))
      answers.push(answer.messageResponse);
    expect(answers.map((answer) => answer.case)).toEqual([
      'listServicesResponse',
      'fileDescriptorResponse',
      'fileDescriptorResponse',
      'fileDescriptorResponse',
      'fileDescriptorResponse',
      'errorResponse',
    ]);
    const [list, file] = answers;
    expect(list?.case === 'listServicesResponse' && list.value.service.map(({ name }) => name)).toContain(
      'gabion.scan.v1.AdvisoryService',
    );
    expect(file?.case === 'fileDescriptorResponse' && file.value.fileDescriptorProto.length).toBeGreaterThan(3);
  });

  it('refuse malformed bytes and serve on', async () => {
    using connection = scans.as('anybody');
    async function* nonsense() {
      yield Buffer.from([0xff, 0xff, 0xff, 0xff]);
    }
    const malformed = { code: 'message_malformed' };
    const read = async (answers: AsyncIterable<Buffer>) => {
      for await (const _ of answers);
    };
    await expect(
      read(connection.stream(ServerReflection.method.serverReflectionInfo, nonsense())),
    ).rejects.toMatchObject(malformed);
    await expect(read(connection.stream(Health.method.watch, nonsense()))).rejects.toMatchObject(malformed);
    await expect(connection.client(Health).check({})).resolves.toMatchObject({ status: 1 });
  });
});
