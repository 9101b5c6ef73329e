import { accessOf } from '@gabion/contracts/access';
import { AdvisoryService } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import {
  FindingKind,
  ReportFormat,
  type Scan,
  ScanService,
  ScanState,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { Fault } from '@gabion/rpc/fault';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { jsonBody } from '../body.ts';
import type { Limits } from '../config.ts';
import type { Peers } from '../peers.ts';
import type { Rest } from '../rest.ts';
import { HarborFault, toldToHarbor } from './harbor-fault.ts';
import { mediaTypes, preferred, type SbomFormat } from './media-types.ts';
import { sbomFormatIn, scanRequestFrom } from './scan-request.ts';
import { artifactOf, iso, scanner, vulnerabilityReport } from './vulnerability-report.ts';

export interface HarborParts {
  readonly rest: Rest;
  readonly peers: Peers;
  readonly limits: Limits;
}

const root = '/harbor/api/v1';
/** How soon Harbor asks again for a report that is not there yet. */
const refreshSeconds = 5;
const maxFindings = 100_000;
const maxSbomBytes = 256 * 1024 ** 2;

/** Harbor's pluggable scanner API v1.2 in front of the image scanner: metadata, scans, reports. */
export function addHarborAdapter(app: FastifyInstance, parts: HarborParts): void {
  const harbor = new Harbor(parts);
  app.get(
    `${root}/metadata`,
    answered(`${root}/metadata`, parts, (...at) => harbor.metadata(...at)),
  );
  app.post(
    `${root}/scan`,
    answered(`${root}/scan`, parts, (...at) => harbor.scan(...at)),
  );
  const report = `${root}/scan/:id/report`;
  app.get(
    report,
    answered(report, parts, (...at) => harbor.report(...at)),
  );
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/** Every error in Harbor's form. */
function answered(route: string, { rest }: HarborParts, handle: Handler): Handler {
  return async (request, reply) => {
    request.facts.route = route;
    try {
      return await handle(request, reply);
    } catch (error) {
      const { status, message, headers } = toldToHarbor(error, request.id);
      if (status >= 500 && !(error instanceof HarborFault) && !(error instanceof Fault))
        rest.fail(request, reply, error);
      if (reply.sent) return reply;
      reply.headers(headers);
      return send(reply, status, mediaTypes.error, { error: { message } });
    }
  };
}

class Harbor {
  readonly #parts: HarborParts;

  constructor(parts: HarborParts) {
    this.#parts = parts;
  }

  async metadata(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const options = await this.#enter(request);
    const type = preferred(request.headers.accept, [mediaTypes.metadata, mediaTypes.metadata10]);
    if (!type) throw new HarborFault(406, 'metadata is answered in versions 1.0 and 1.1');
    const { sources } = await this.#parts.peers
      .to('image-scanner')
      .client(AdvisoryService)
      .listAdvisorySources({}, options)
      .catch(() => ({ sources: [] }));
    const newest = sources
      .map(({ importTime }) => iso(importTime))
      .sort()
      .at(-1);
    return send(reply, 200, type, {
      scanner,
      capabilities,
      properties: {
        'harbor.scanner-adapter/scanner-type': 'os-package-vulnerability',
        ...(newest && { 'harbor.scanner-adapter/vulnerability-database-updated-at': newest }),
      },
    });
  }

  async scan(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const options = await this.#enter(request);
    const asked = scanRequestFrom(await this.#body(request));
    const { id } = await this.#scans.createScan(
      {
        target: { case: 'image', value: asked.image },
        plainHttp: asked.plainHttp,
        ...(asked.credentials && { credentials: asked.credentials }),
      },
      options,
    );
    return send(reply, 202, mediaTypes.scanResponse, { id });
  }

  async report(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const options = await this.#enter(request);
    const { id } = request.params as { id: string };
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id))
      throw new HarborFault(404, `there is no scan ${id.slice(0, 64)}`);
    const offered = [mediaTypes.vulnerabilities, mediaTypes.vulnerabilities10, mediaTypes.sbom] as const;
    const type = preferred(request.headers.accept, offered);
    if (!type) throw new HarborFault(501, 'no report of the asked media type is made');
    const { sbom_media_type: format } = request.query as Record<string, unknown>;
    const sbomFormat = type === mediaTypes.sbom ? sbomFormatIn(format) : undefined;
    const scan = await this.#scans.getScan({ id }, options);
    if (scan.state === ScanState.FAILED)
      throw new HarborFault(500, `the scan failed: ${scan.error?.message} (${scan.error?.code})`);
    if (scan.state !== ScanState.SUCCEEDED)
      return reply.code(302).header('refresh-after', String(refreshSeconds)).header('location', request.url).send();
    const report = sbomFormat
      ? await this.#sbom(scan, sbomFormat, options)
      : await this.#vulnerabilities(scan, options);
    return send(reply, 200, type, report);
  }

  async #vulnerabilities(scan: Scan, options: Options) {
    const findings = [];
    let pageToken = '';
    do {
      const filter = { kinds: [FindingKind.VULNERABILITY] };
      const page = await this.#scans.listFindings({ scanId: scan.id, pageSize: 1000, pageToken, filter }, options);
      findings.push(...page.findings);
      pageToken = page.nextPageToken;
    } while (pageToken !== '' && findings.length < maxFindings);
    return vulnerabilityReport(scan, findings);
  }

  async #sbom(scan: Scan, mediaType: SbomFormat, options: Options) {
    const format = mediaType === 'application/spdx+json' ? ReportFormat.SPDX : ReportFormat.CYCLONEDX;
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const { data } of this.#scans.getReport({ scanId: scan.id, format }, options)) {
      bytes += data.length;
      if (bytes > maxSbomBytes) throw new HarborFault(500, `the SBOM has over ${maxSbomBytes} bytes`);
      pieces.push(data);
    }
    const sbom = JSON.parse(Buffer.concat(pieces).toString()) as object;
    return { generated_at: iso(scan.endTime), artifact: artifactOf(scan), scanner, media_type: mediaType, sbom };
  }

  get #scans() {
    return this.#parts.peers.to('image-scanner').client(ScanService);
  }

  /** Harbor shows a Gabion token as Bearer, as the password of Basic, or as an API key. */
  async #enter(request: FastifyRequest): Promise<Options> {
    const token = tokenIn(request.headers);
    if (token !== undefined) request.headers.authorization = `Bearer ${token}`;
    const caller = await this.#parts.rest.enter(request, accessOf(ScanService.method.getScan));
    return { ...(caller && { caller }), requestId: request.id, deadlineMs: this.#parts.limits.callMs };
  }

  async #body(request: FastifyRequest): Promise<unknown> {
    try {
      return await jsonBody(request.raw, this.#parts.limits);
    } catch (error) {
      if (error instanceof Fault && error.code.startsWith('json_')) throw new HarborFault(400, error.message);
      throw error;
    }
  }
}

interface Options {
  readonly caller?: NonNullable<Awaited<ReturnType<Rest['enter']>>>;
  readonly requestId: string;
  readonly deadlineMs: number;
}

function tokenIn(headers: FastifyRequest['headers']): string | undefined {
  const key = headers['x-scanneradapter-api-key'];
  if (typeof key === 'string') return key;
  const [, basic] = /^basic +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  if (basic === undefined) return undefined;
  const text = Buffer.from(basic, 'base64').toString();
  return text.slice(text.indexOf(':') + 1);
}

function send(reply: FastifyReply, status: number, type: string, body: object): FastifyReply {
  return reply
    .code(status)
    .header('content-type', type)
    .send(Buffer.from(JSON.stringify(body)));
}

const consumed = ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json'];

const capabilities = [
  {
    type: 'vulnerability',
    consumes_mime_types: consumed,
    produces_mime_types: [mediaTypes.vulnerabilities10, mediaTypes.vulnerabilities],
  },
  {
    type: 'sbom',
    consumes_mime_types: consumed,
    produces_mime_types: [mediaTypes.sbom],
    additional_attributes: { sbom_media_types: ['application/spdx+json', 'application/vnd.cyclonedx+json'] },
  },
];
