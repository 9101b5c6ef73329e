import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type CreateScanRequest,
  type DeleteScanRequest,
  type GetFixPlanRequest,
  type GetReportRequest,
  type GetScanRequest,
  type ListFindingsRequest,
  type ListImagePlatformsRequest,
  type ListPackagesRequest,
  type ListScansRequest,
  ScanSchema,
  ScanService,
  type UploadImageRequest,
  type WatchScanRequest,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Call } from '@gabion/rpc/call';
import { Implements } from '@gabion/rpc/implements';
import { ImagePlatforms } from './registries/image-platforms.ts';
import { Answers } from './reports/answers.ts';
import { Results } from './results.ts';
import { type ScanRow, scanMessage } from './scan.ts';
import { ScanChanges } from './scan-changes.ts';
import { orderFrom, orderHash } from './scan-order.ts';
import { Scans } from './scans.ts';
import { headed } from './stream-parts.ts';
import { Uploads } from './uploads.ts';

@Implements(ScanService)
export class ScansController {
  constructor(
    private readonly scans: Scans,
    private readonly results: Results,
    private readonly changes: ScanChanges,
    private readonly uploads: Uploads,
    private readonly platforms: ImagePlatforms,
    private readonly answers: Answers,
  ) {}

  async createScan(request: CreateScanRequest, call: Call) {
    const order = orderFrom(request);
    const answer = await this.scans.createOnce(order, orderHash(request), call, (row) =>
      toBinary(ScanSchema, create(ScanSchema, scanMessage(row))),
    );
    return fromBinary(ScanSchema, answer);
  }

  async getScan({ id }: GetScanRequest) {
    return this.#message(await this.scans.get(id));
  }

  async listScans(request: ListScansRequest) {
    const { scans, nextPageToken } = await this.scans.list(request);
    return { scans: await this.results.scans(scans), nextPageToken };
  }

  async *watchScan({ id }: WatchScanRequest, call: Call): AsyncGenerator<MessageInitShape<typeof ScanSchema>> {
    for await (const scan of this.changes.of(id, call.signal)) yield await this.#message(scan);
  }

  async deleteScan({ id }: DeleteScanRequest, call: Call) {
    await this.scans.delete(id, call);
    return {};
  }

  listImagePlatforms(request: ListImagePlatformsRequest, call: Call) {
    return this.platforms.list(request, call.signal);
  }

  listFindings(request: ListFindingsRequest) {
    return this.results.findings(request);
  }

  listPackages(request: ListPackagesRequest) {
    return this.results.packages(request);
  }

  getFixPlan(request: GetFixPlanRequest) {
    return this.answers.fixPlan(request);
  }

  getReport(request: GetReportRequest) {
    return this.answers.report(request);
  }

  async uploadImage(requests: AsyncIterable<UploadImageRequest>, call: Call) {
    const { header, chunks } = await headed(requests);
    return this.uploads.take(header, chunks, call);
  }

  async #message(row: ScanRow): Promise<MessageInitShape<typeof ScanSchema>> {
    return (await this.results.scans([row]))[0]!;
  }
}
