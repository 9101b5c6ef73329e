import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  AdvisoryService,
  type DeleteFeedRequest,
  type ExportAdvisoriesRequest,
  type GetVulnerabilityRequest,
  type ImportAdvisoriesRequest,
  type ImportAdvisoriesResponseSchema,
  type PutFeedRequest,
  type UpdateAdvisoriesRequest,
} from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import type { Call } from '@gabion/rpc/call';
import { Implements } from '@gabion/rpc/implements';
import { Advisories } from './advisories.ts';
import { AdvisoryImport } from './advisory-import.ts';
import { summaryMessage } from './advisory-source.ts';
import { FeedDoor } from './feeds/feed-door.ts';
import { headed } from './stream-parts.ts';
import { Vulnerabilities } from './vulnerabilities.ts';

const chunkBytes = 256 * 1024;

@Implements(AdvisoryService)
export class AdvisoriesController {
  constructor(
    private readonly advisories: Advisories,
    private readonly imports: AdvisoryImport,
    private readonly feeds: FeedDoor,
    private readonly vulnerabilities: Vulnerabilities,
  ) {}

  async *importAdvisories(
    requests: AsyncIterable<ImportAdvisoriesRequest>,
    call: Call,
  ): AsyncGenerator<MessageInitShape<typeof ImportAdvisoriesResponseSchema>> {
    const { header, chunks } = await headed(requests);
    yield* this.imports.run(header, chunks, call);
  }

  async *updateAdvisories(request: UpdateAdvisoriesRequest, call: Call) {
    yield* this.feeds.update(request, call);
  }

  async *exportAdvisories({ sources }: ExportAdvisoriesRequest, call: Call) {
    let contentType = 'application/zstd';
    for await (const bytes of this.advisories.export(sources, call.signal))
      for (let at = 0; at < bytes.length; at += chunkBytes) {
        yield { contentType, data: bytes.subarray(at, at + chunkBytes) };
        contentType = '';
      }
  }

  async listFeeds() {
    return { feeds: await this.feeds.list() };
  }

  putFeed({ feed }: PutFeedRequest, call: Call) {
    return this.feeds.put(feed!, call);
  }

  async deleteFeed({ name }: DeleteFeedRequest, call: Call) {
    await this.feeds.delete(name, call);
    return {};
  }

  getVulnerability({ id }: GetVulnerabilityRequest) {
    return this.vulnerabilities.get(id);
  }

  async listAdvisorySources() {
    return { sources: (await this.advisories.sources()).map(summaryMessage) };
  }
}
