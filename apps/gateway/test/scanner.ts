import { randomUUID } from 'node:crypto';
import { AdvisoryService, type ImportAdvisoriesRequest } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import {
  type CreateScanRequest,
  type ListScansRequest,
  ScanService,
  ScanState,
  type UploadImageRequest,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { ImplementsSome } from '@gabion/rpc/implements';
import { Module } from '@nestjs/common';

/** What the fake scanner saw. */
export interface Seen {
  readonly calls: Call[];
  readonly requests: object[];
  produced: number;
  cancelled: number;
  /** Lets calls for linux/pause go on. */
  release: () => void;
}

export const newSeen = (): Seen => ({ calls: [], requests: [], produced: 0, cancelled: 0, release: () => {} });

const untilGone = (call: Call) =>
  new Promise<void>((resolve) => {
    if (call.signal.aborted) resolve();
    call.signal.addEventListener('abort', () => resolve());
  });

/** Scans whose answers tests can foresee; ids and platforms choose what happens. */
export function scannerModule(seen: Seen) {
  @ImplementsSome(ScanService)
  class ScansController {
    async createScan(request: CreateScanRequest, call: Call) {
      seen.calls.push(call);
      seen.requests.push(request);
      if (request.platform === 'linux/none')
        throw new Fault('not_found', 'no such image', { code: 'image_not_found', retryAfterMs: 1500 });
      if (request.platform === 'linux/bug') throw new Error('secret detail');
      if (request.platform === 'linux/slow') {
        await untilGone(call);
        seen.cancelled++;
      }
      if (request.platform === 'linux/pause')
        await new Promise<void>((resolve) => {
          seen.release = resolve;
        });
      return { id: randomUUID(), target: request.target.value ?? '', state: ScanState.QUEUED };
    }

    async getScan({ id }: { id: string }, call: Call) {
      seen.calls.push(call);
      return { id };
    }

    async listScans(request: ListScansRequest, call: Call) {
      seen.calls.push(call);
      seen.requests.push(request);
      return { nextPageToken: 'next' };
    }

    /** By the first digit of the id: 1 ends after three, 2 waits for ever, 3 fails at once, 4 fails later, others flood. */
    async *watchScan({ id }: { id: string }, call: Call) {
      const way = id[0];
      if (way === '3') throw new Fault('not_found', 'no such scan', { code: 'scan_not_found' });
      const most = way === '1' ? 3 : way === '2' || way === '4' ? 1 : 200_000;
      for (seen.produced = 0; seen.produced < most && !call.signal.aborted; seen.produced++)
        yield { id, packageCount: seen.produced, target: most > 3 ? 'x'.repeat(1000) : '' };
      if (way === '4') throw new Fault('aborted', 'the scan was deleted', { code: 'scan_deleted' });
      if (way === '2') await untilGone(call);
      if (call.signal.aborted) seen.cancelled++;
    }

    async listFindings() {
      return {};
    }

    async listPackages() {
      return {};
    }

    async uploadImage(parts: AsyncIterable<UploadImageRequest>) {
      let size = 0;
      for await (const { part } of parts) {
        if (part.case === 'header' && part.value.name === 'refused')
          throw new Fault('resource_exhausted', 'no room', { code: 'disk_full' });
        size += part.case === 'chunk' ? part.value.length : 0;
      }
      return { uploadId: randomUUID(), size: BigInt(size) };
    }

    /** By the first digit of the id: 3 fails at once, 4 fails later, others answer three pieces. */
    async *getReport({ scanId }: { scanId: string }) {
      if (scanId[0] === '3') throw new Fault('not_found', 'no such scan', { code: 'scan_not_found' });
      yield { contentType: 'application/sarif+json', data: Buffer.from('{"a":') };
      if (scanId[0] === '4') throw new Fault('aborted', 'the scan was deleted', { code: 'scan_deleted' });
      yield { data: Buffer.from('1') };
      yield { data: Buffer.from('}') };
    }
  }

  @ImplementsSome(AdvisoryService)
  class AdvisoriesController {
    async *importAdvisories(parts: AsyncIterable<ImportAdvisoriesRequest>) {
      let filesRead = 0n;
      for await (const _ of parts) yield { filesRead: ++filesRead };
    }

    async listAdvisorySources() {
      return { sources: [] };
    }
  }

  @Module({ controllers: [ScansController, AdvisoriesController] })
  class ScannerModule {}
  return ScannerModule;
}
