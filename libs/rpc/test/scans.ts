import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdvisoryService, type ImportAdvisoriesRequest } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import {
  type CreateScanRequest,
  type GetScanRequest,
  ScanService,
  ScanState,
  type UploadImageRequest,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { createLog } from '@gabion/telemetry/log';
import { credentials, ServerCredentials } from '@grpc/grpc-js';
import { Module } from '@nestjs/common';
import type { Call } from '../src/call.ts';
import { type ConnectOptions, connect } from '../src/client.ts';
import { Fault } from '../src/fault.ts';
import { ImplementsSome } from '../src/implements.ts';
import { type ServeOptions, serve } from '../src/serve.ts';

/** What the controller saw; tests read it. */
export const seen: { calls: Call[]; produced: number; attempts: number } = { calls: [], produced: 0, attempts: 0 };

/** A controller with all four kinds of RPC whose answers the tests can foresee. */
@ImplementsSome(ScanService)
export class ScansController {
  async createScan(request: CreateScanRequest, call: Call) {
    seen.calls.push(call);
    seen.attempts++;
    if (request.platform === 'linux/none')
      throw new Fault('not_found', 'no such image', { code: 'image_not_found', retryAfterMs: 1500 });
    if (request.platform === 'linux/bug') throw new Error('secret detail');
    if (request.platform === 'linux/slow')
      await new Promise((resolve) => call.signal.addEventListener('abort', resolve));
    return { id: randomUUID(), target: request.target.value ?? '', state: ScanState.QUEUED };
  }

  async getScan({ id }: GetScanRequest, call: Call) {
    seen.calls.push(call);
    return { id };
  }

  async listScans() {
    return {};
  }

  async *watchScan({ id }: { id: string }, call: Call) {
    for (seen.produced = 0; seen.produced < 20_000 && !call.signal.aborted; seen.produced++) {
      yield { id, packageCount: seen.produced, target: 'x'.repeat(1000) };
    }
  }

  async listFindings() {
    return {};
  }

  async listPackages() {
    return {};
  }

  async uploadImage(parts: AsyncIterable<UploadImageRequest>) {
    let size = 0;
    for await (const { part } of parts) size += part.case === 'chunk' ? part.value.length : 0;
    return { uploadId: randomUUID(), size: BigInt(size) };
  }
}

@ImplementsSome(AdvisoryService)
export class AdvisoriesController {
  async *importAdvisories(parts: AsyncIterable<ImportAdvisoriesRequest>) {
    let filesRead = 0n;
    for await (const { part } of parts) {
      yield { filesRead: ++filesRead };
      if (part.case === 'header' && part.value.source === 'stop') return;
    }
  }

  async listAdvisorySources() {
    return { sources: [] };
  }
}

@Module({ controllers: [ScansController, AdvisoriesController] })
export class ScansModule {}

/** Serves the controllers on a unix socket of their own; `as` connects to it under a name. */
export async function serveScans(options: Partial<ServeOptions> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'gabion-rpc-'));
  const address = `unix:${join(directory, 's.sock')}`;
  const lines: string[] = [];
  const serving = await serve({
    module: ScansModule,
    services: [ScanService, AdvisoryService],
    listeners: [{ address, credentials: ServerCredentials.createInsecure(), door: 'local' }],
    callers: { gateway: 'for-others', delivery: 'for-itself' },
    log: createLog({ service: 'test', destination: { write: (line) => void lines.push(line) } }),
    ...options,
  });
  return {
    serving,
    address,
    lines,
    as: (name: string, more: Partial<ConnectOptions> = {}) =>
      connect({ address, as: name, credentials: credentials.createInsecure(), ...more }),
    async [Symbol.asyncDispose]() {
      await serving[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
