import { randomUUID } from 'node:crypto';
import { AdvisoryService } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import { ImageFormat, ScanService } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { span, startTracing, traceId } from '@gabion/telemetry/tracing';
import { localOperator } from '@gabion/trust/caller';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Connection } from '../src/client.ts';
import { ScansModule, seen, serveScans } from './scans.ts';

const caller = localOperator();
let tracing: AsyncDisposable;
let scans: Awaited<ReturnType<typeof serveScans>>;
let connection: Connection;

beforeAll(async () => {
  tracing = await startTracing({ service: 'test' });
  scans = await serveScans();
  connection = scans.as('gateway');
});
beforeEach(() => void seen.calls.splice(0));
afterAll(async () => {
  connection[Symbol.dispose]();
  await scans[Symbol.asyncDispose]();
  await tracing[Symbol.asyncDispose]();
});

describe('calls', () => {
  const client = () => connection.client(ScanService);

  it('answer a single request', async () => {
    const scan = await client().createScan({ target: { case: 'image', value: 'alpine:3.10' } }, { caller });
    expect(scan.target).toBe('alpine:3.10');
  });

  it('carry caller, request id, idempotency key, deadline and trace to the controller', async () => {
    const id = randomUUID();
    const trace = await span('test', {}, async () => {
      await client().getScan({ id }, { caller, requestId: 'r-1', idempotencyKey: 'k-1', deadlineMs: 5000 });
      return traceId();
    });
    const [call] = seen.calls;
    expect(call).toMatchObject({
      peer: 'gateway',
      requestId: 'r-1',
      idempotencyKey: 'k-1',
      caller: { name: 'local operator' },
    });
    expect(call?.deadline?.getTime()).toBeLessThanOrEqual(Date.now() + 5000);
    expect(trace).toMatch(/^[0-9a-f]{32}$/);
  });

  it('stream answers no faster than they are read, and stop producing when the reader leaves', async () => {
    let read = 0;
    for await (const scan of client().watchScan({ id: randomUUID() }, { caller })) {
      expect(scan.packageCount).toBe(read);
      if (++read === 50) break;
    }
    expect(seen.produced).toBeLessThan(20_000);
  });

  it('take a stream of requests', async () => {
    async function* parts() {
      yield { part: { case: 'header' as const, value: { name: 'x.tar', format: ImageFormat.DOCKER_ARCHIVE } } };
      for (let index = 0; index < 40; index++)
        yield { part: { case: 'chunk' as const, value: new Uint8Array(100_000) } };
    }
    const uploaded = await client().uploadImage(parts(), { caller });
    expect(uploaded.size).toBe(4_000_000n);
  });

  it('answer a stream of requests one by one', async () => {
    const counts: bigint[] = [];
    let release = () => {};
    async function* parts() {
      for (let index = 0; index < 3; index++) {
        yield { part: { case: 'chunk' as const, value: new Uint8Array(1) } };
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
    }
    for await (const { filesRead } of connection.client(AdvisoryService).importAdvisories(parts(), { caller })) {
      counts.push(filesRead);
      release();
    }
    expect(counts).toEqual([1n, 2n, 3n]);
  });

  it('end when the service has said all it had to, though requests could go on for ever', async () => {
    let isClosed = false;
    async function* endless() {
      try {
        yield { part: { case: 'header' as const, value: { source: 'stop' } } };
        for (;;) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          yield { part: { case: 'chunk' as const, value: new Uint8Array(1) } };
        }
      } finally {
        isClosed = true;
      }
    }
    const answers = [];
    for await (const answer of connection.client(AdvisoryService).importAdvisories(endless(), { caller }))
      answers.push(answer);
    expect(answers).toHaveLength(1);
    while (!isClosed) await new Promise((resolve) => setTimeout(resolve, 1));
  });

  it('end with the error of the requests that could not be made', async () => {
    async function* failing() {
      yield { part: { case: 'chunk' as const, value: new Uint8Array(1) } };
      throw new Error('the file cannot be read');
    }
    await expect(client().uploadImage(failing(), { caller })).rejects.toThrow('the file cannot be read');
  });

  it('end with the coded fault of the controller', async () => {
    const failing = client().createScan({ platform: 'linux/none' }, { caller });
    await expect(failing).rejects.toMatchObject({
      kind: 'not_found',
      code: 'image_not_found',
      message: 'no such image',
      retryAfterMs: 1500,
    });
  });

  it('name the fields at fault', async () => {
    await expect(client().getScan({ id: 'nonsense' }, { caller })).rejects.toMatchObject({
      kind: 'invalid_argument',
      code: 'field_invalid',
      fields: [{ field: 'id', code: 'uuid' }],
    });
  });

  it('hide what an unexpected error says from the caller and log it once', async () => {
    const before = scans.lines.length;
    await expect(client().createScan({ platform: 'linux/bug' }, { caller, requestId: 'r-bug' })).rejects.toMatchObject({
      kind: 'internal',
      message: expect.not.stringContaining('secret detail'),
    });
    const logged = scans.lines.slice(before).filter((line) => line.includes('secret detail'));
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain('r-bug');
  });

  it('end at their deadline, and tell the controller', async () => {
    const slow = client().createScan({ platform: 'linux/slow' }, { caller, deadlineMs: 100 });
    await expect(slow).rejects.toMatchObject({ kind: 'deadline_exceeded' });
    expect(seen.calls.at(-1)?.signal).toBeDefined();
  });

  it('end when the caller aborts', async () => {
    const aborting = new AbortController();
    const slow = client().createScan({ platform: 'linux/slow' }, { caller, signal: aborting.signal });
    aborting.abort();
    await expect(slow).rejects.toMatchObject({ kind: 'cancelled' });
  });

  it('refuse bytes that are no message and messages over the limit', async () => {
    const method = ScanService.method.getScan;
    await expect(connection.unary(method, Buffer.from([0xff, 0xff, 0xff]), { caller })).rejects.toMatchObject({
      code: 'message_malformed',
    });
    await expect(connection.unary(method, Buffer.alloc(5_000_000), { caller })).rejects.toMatchObject({
      code: 'message_too_large',
    });
  });
});

describe('retries', () => {
  it('find a service again that has gone and come back, for calls without side effects', async () => {
    const first = await serveScans();
    const gateway = first.as('gateway');
    try {
      await gateway.client(ScanService).getScan({ id: randomUUID() }, { caller });
      await first.serving[Symbol.asyncDispose]();
      await expect(gateway.client(ScanService).createScan({}, { caller })).rejects.toMatchObject({
        kind: 'unavailable',
      });
      const pending = gateway.client(ScanService).getScan({ id: randomUUID() }, { caller });
      await using _second = await serveScans({
        listeners: [
          {
            address: first.address,
            credentials: (await import('@grpc/grpc-js')).ServerCredentials.createInsecure(),
            door: 'local',
          },
        ],
      });
      await expect(pending).resolves.toMatchObject({});
    } finally {
      gateway[Symbol.dispose]();
      await first[Symbol.asyncDispose]();
    }
  });
});

describe('starting', () => {
  it('refuses a service with a method that no controller implements', async () => {
    const { TokenService } = await import('@gabion/contracts/gabion/identity/v1/tokens_pb');
    await expect(serveScans({ module: ScansModule, services: [TokenService] })).rejects.toThrow(
      'no controller of this service implements',
    );
  });

  it('refuses a service with a method that has no access in the contract', async () => {
    const { Health } = await import('@gabion/contracts/grpc/health/v1/health_pb');
    await expect(serveScans({ services: [Health] })).rejects.toThrow('has no (gabion.contract.v1.access)');
  });
});
