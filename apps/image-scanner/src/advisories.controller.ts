import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  AdvisoryService,
  type ImportAdvisoriesRequest,
  type ImportAdvisoriesResponseSchema,
} from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import type { Call } from '@gabion/rpc/call';
import { ImplementsSome } from '@gabion/rpc/implements';
import { Advisories } from './advisories.ts';
import { AdvisoryImport } from './advisory-import.ts';
import { summaryMessage } from './advisory-source.ts';
import { headed } from './stream-parts.ts';

@ImplementsSome(AdvisoryService)
export class AdvisoriesController {
  constructor(
    private readonly advisories: Advisories,
    private readonly imports: AdvisoryImport,
  ) {}

  async *importAdvisories(
    requests: AsyncIterable<ImportAdvisoriesRequest>,
    call: Call,
  ): AsyncGenerator<MessageInitShape<typeof ImportAdvisoriesResponseSchema>> {
    const { header, chunks } = await headed(requests);
    yield* this.imports.run(header, chunks, call);
  }

  async listAdvisorySources() {
    return { sources: (await this.advisories.sources()).map(summaryMessage) };
  }
}
