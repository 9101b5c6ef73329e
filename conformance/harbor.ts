import { setTimeout as pause } from 'node:timers/promises';
import { type HarborSite, openHarborSite, robot } from './harbor/harbor-site.ts';
import { OpenApiAnswers } from './harbor/openapi-answers.ts';

// Drives the whole platform as Harbor does, and holds each answer against Harbor's own OpenAPI document:
//   node --import ./apps/image-scanner/test/typescript.mjs --conditions=source conformance/harbor.ts SPEC.yaml
const [specification] = process.argv.slice(2);
if (!specification) throw new Error("the OpenAPI document of Harbor's scanner adapter is to be given");
const answers = new OpenApiAnswers(specification);
const failures: string[] = [];
let passed = 0;

const vulnerabilities = 'application/vnd.security.vulnerability.report; version=1.1';
const vulnerabilities10 = 'application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0';
const sbom = 'application/vnd.security.sbom.report+json; version=1.0';
const metadata10 = 'application/vnd.scanner.adapter.metadata+json; version=1.0';
const scanRequest = 'application/vnd.scanner.adapter.scan.request+json; version=1.1';
const operations = {
  metadata: 'get /metadata',
  scan: 'post /scan',
  report: 'get /scan/{scan_request_id}/report',
} as const;

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly headers: Headers;
  readonly text: string;
}

function check(name: string, isRight: boolean, told: unknown = ''): void {
  if (isRight) passed++;
  else failures.push(`${name}: ${typeof told === 'string' ? told : JSON.stringify(told)?.slice(0, 600)}`);
}

class Harbor {
  constructor(private readonly site: HarborSite) {}

  async ask(path: string, init: RequestInit = {}): Promise<Answer> {
    const headers = { authorization: `Bearer ${this.site.token}`, ...init.headers };
    const response = await fetch(`${this.site.url}${path}`, { redirect: 'manual', ...init, headers });
    const type = response.headers.get('content-type');
    return { status: response.status, type, headers: response.headers, text: await response.text() };
  }

  /** Asks, and checks status and form; answers the JSON. */
  async expect(name: string, status: number, operation: keyof typeof operations, path: string, init?: RequestInit) {
    const answer = await this.ask(path, init);
    check(`${name}: status ${status}`, answer.status === status, `${answer.status} ${answer.text.slice(0, 300)}`);
    const fault = answers.fault(operations[operation], answer);
    check(`${name}: form`, fault === undefined, fault);
    return answer.text === '' ? {} : JSON.parse(answer.text);
  }

  post(body: unknown, type = scanRequest): RequestInit {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return { method: 'POST', body: text, headers: { 'content-type': type } };
  }

  request(repository: string, digest: string, change: object = {}) {
    const authorization = `Basic ${btoa(`${robot.username}:${robot.password}`)}`;
    return {
      registry: { url: `http://${this.site.registry}`, authorization },
      artifact: {
        repository,
        digest,
        tag: '1',
        mime_type: 'application/vnd.oci.image.manifest.v1+json',
      },
      ...change,
    };
  }

  /** Polls as Harbor does; each answer on the way must be in order, too. */
  async ended(name: string, id: string): Promise<Answer> {
    for (;;) {
      const answer = await this.ask(`/scan/${id}/report`, { headers: { accept: vulnerabilities } });
      if (answer.status !== 302) return answer;
      const fault = answers.fault(operations.report, answer);
      check(`${name}: 302`, fault === undefined && /^[1-9]\d*$/.test(answer.headers.get('refresh-after') ?? ''), fault);
      await pause(200);
    }
  }
}

async function metadata(harbor: Harbor, { token }: HarborSite): Promise<void> {
  const { capabilities } = await harbor.expect('metadata', 200, 'metadata', '/metadata');
  const types = capabilities.map((each: { type: string }) => each.type);
  check('metadata: capabilities', types.join() === 'vulnerability,sbom', types);
  await harbor.expect('metadata 1.0', 200, 'metadata', '/metadata', { headers: { accept: metadata10 } });
  const basic = { authorization: `Basic ${btoa(`gabion:${token}`)}` };
  await harbor.expect('metadata by Basic', 200, 'metadata', '/metadata', { headers: basic });
  const key = { authorization: '', 'x-scanneradapter-api-key': token };
  await harbor.expect('metadata by API key', 200, 'metadata', '/metadata', { headers: key });
  const { status } = await harbor.ask('/metadata', { headers: { authorization: '' } });
  check('metadata without a token: status 401', status === 401, String(status));
}

async function vulnerableImage(harbor: Harbor, site: HarborSite): Promise<void> {
  const enabled = {
    enabled_capabilities: [
      { type: 'vulnerability', produces_mime_types: [vulnerabilities] },
      { type: 'sbom', produces_mime_types: [sbom], parameters: { sbom_media_types: ['application/spdx+json'] } },
    ],
  };
  const request = harbor.request('library/vulnerable', site.vulnerable, enabled);
  const { id } = await harbor.expect('scan', 202, 'scan', '/scan', harbor.post(request));
  await harbor.ended('scan', id);
  for (const accept of [vulnerabilities, vulnerabilities10, '*/*']) {
    const at = { headers: { accept } };
    const report = await harbor.expect(`report ${accept}`, 200, 'report', `/scan/${id}/report`, at);
    checkVulnerabilities(`report ${accept}`, report, site);
  }
  await sboms(harbor, site, id);
  await reportErrors(harbor, id);
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of the answer, which its schema has described.
function checkVulnerabilities(name: string, report: any, site: HarborSite): void {
  const { repository, digest } = report.artifact ?? {};
  check(`${name}: artifact`, repository === 'library/vulnerable' && digest === site.vulnerable, report.artifact);
  check(`${name}: severity`, report.severity === 'Critical', report.severity);
  const found = new Map<string, Record<string, unknown>>(
    report.vulnerabilities?.map((each: { id: string }) => [each.id, each]),
  );
  check(`${name}: vulnerabilities`, found.size === 3, [...found.keys()]);
  const openssl = found.get('CVE-2022-3602') ?? {};
  const { package: subject, version, fix_version, severity, links, cwe_ids, preferred_cvss } = openssl;
  const told = JSON.stringify([subject, version, fix_version, severity, cwe_ids]);
  check(`${name}: openssl`, told === '["openssl","1.0-1","1.0-2","Critical",["CWE-121"]]', openssl);
  check(`${name}: links`, (links as string[])?.includes('https://example.org/advisory'), links);
  check(`${name}: CVSS 3`, (preferred_cvss as { score_v3?: number })?.score_v3 === 9.8, preferred_cvss);
  const bash = found.get('CVE-2014-6271')?.preferred_cvss as { score_v2?: number } | undefined;
  check(`${name}: CVSS 2`, bash?.score_v2 === 10, found.get('CVE-2014-6271'));
  check(`${name}: unknown severity`, found.get('CVE-2030-0001')?.severity === 'Unknown', found.get('CVE-2030-0001'));
}

async function sboms(harbor: Harbor, site: HarborSite, id: string): Promise<void> {
  const read = async (mediaType: string) => {
    const path = `/scan/${id}/report?sbom_media_type=${encodeURIComponent(mediaType)}`;
    const report = await harbor.expect(mediaType, 200, 'report', path, { headers: { accept: sbom } });
    check(`${mediaType}: media type`, report.media_type === mediaType, report.media_type);
    check(`${mediaType}: artifact`, report.artifact?.digest === site.vulnerable, report.artifact);
    return report.sbom ?? {};
  };
  const names = (list: { name: string }[] | undefined) => list?.map(({ name }) => name) ?? [];
  const spdx = await read('application/spdx+json');
  check('SPDX: version', /^SPDX-2\.\d$/.test(spdx.spdxVersion), spdx.spdxVersion);
  check('SPDX: packages', names(spdx.packages).includes('openssl'), names(spdx.packages));
  const cyclonedx = await read('application/vnd.cyclonedx+json');
  check('CycloneDX: format', cyclonedx.bomFormat === 'CycloneDX', cyclonedx.bomFormat);
  check('CycloneDX: components', names(cyclonedx.components).includes('openssl'), names(cyclonedx.components));
}

async function reportErrors(harbor: Harbor, id: string): Promise<void> {
  const path = `/scan/${id}/report`;
  const asSbom = { headers: { accept: sbom } };
  await harbor.expect('SBOM of no format', 400, 'report', path, asSbom);
  await harbor.expect('SBOM of a foreign format', 400, 'report', `${path}?sbom_media_type=text%2Fplain`, asSbom);
  await harbor.expect('SBOM of two formats', 400, 'report', `${path}?sbom_media_type=a&sbom_media_type=b`, asSbom);
  for (const accept of ['application/vnd.scanner.adapter.vuln.report.raw', 'text/html'])
    await harbor.expect(`report ${accept}`, 501, 'report', path, { headers: { accept } });
  for (const unknown of [crypto.randomUUID(), 'nonsense', '%00', 'a'.repeat(300)])
    await harbor.expect(`report of ${unknown}`, 404, 'report', `/scan/${unknown}/report`);
}

async function otherImages(harbor: Harbor, site: HarborSite): Promise<void> {
  const clean = harbor.request('library/clean', site.clean);
  const first = await harbor.expect(
    'scan 1.0',
    202,
    'scan',
    '/scan',
    harbor.post(clean, scanRequest.replace('1.1', '1.0')),
  );
  const { text } = await harbor.ended('clean', first.id);
  check('clean: vulnerabilities', JSON.parse(text).vulnerabilities?.length === 0, text);
  const missing = harbor.request('library/clean', `sha256:${'0'.repeat(64)}`);
  const stranger = harbor.request('library/vulnerable', site.vulnerable, {
    registry: { url: `http://${site.registry}`, authorization: `Basic ${btoa('robot:wrong')}` },
  });
  for (const [name, body] of Object.entries({ 'missing image': missing, 'wrong credentials': stranger })) {
    const { id } = await harbor.expect(name, 202, 'scan', '/scan', harbor.post(body));
    await harbor.ended(name, id);
    await harbor.expect(`report of ${name}`, 500, 'report', `/scan/${id}/report`);
  }
}

async function requestErrors(harbor: Harbor, site: HarborSite): Promise<void> {
  const good = harbor.request('library/clean', site.clean);
  const artifact = (change: object) => ({ ...good, artifact: { ...good.artifact, ...change } });
  const capability = (change: object) => ({ ...good, enabled_capabilities: [{ type: 'sbom', ...change }] });
  const cases: [status: number, name: string, body: unknown][] = [
    [400, 'no JSON', '{'],
    [400, 'nothing', ''],
    [400, 'a list', []],
    [400, 'null', 'null'],
    [400, 'a registry of text', { ...good, registry: 'x' }],
    [400, 'a digest that is a number', artifact({ digest: 1 })],
    [400, 'capabilities that are no list', { ...good, enabled_capabilities: {} }],
    [422, 'an empty object', {}],
    [422, 'no artifact', { registry: good.registry }],
    [422, 'no URL', { ...good, registry: {} }],
    [422, 'another protocol', { ...good, registry: { url: 'file:///etc' } }],
    [422, 'a strange authorization', { ...good, registry: { ...good.registry, authorization: 'Digest x' } }],
    [422, 'a digest that is none', artifact({ digest: 'sha256:1' })],
    [422, 'a repository that is none', artifact({ repository: '../etc' })],
    [422, 'a capability that is none', capability({ type: 'coffee' })],
    [422, 'a format that is none', capability({ parameters: { sbom_media_types: ['text/plain'] } })],
    [501, 'a chart', artifact({ mime_type: 'application/vnd.cncf.helm.config.v1+json' })],
    [501, 'a raw report', capability({ type: 'vulnerability', produces_mime_types: ['text/html'] })],
  ];
  for (const [status, name, body] of cases)
    await harbor.expect(`scan of ${name}`, status, 'scan', '/scan', harbor.post(body));
}

await using site = await openHarborSite();
if (site) {
  const harbor = new Harbor(site);
  await metadata(harbor, site);
  await vulnerableImage(harbor, site);
  await otherImages(harbor, site);
  await requestErrors(harbor, site);
} else process.stdout.write('SKIPPED: docker-registry is not installed\n');
for (const failure of failures) process.stdout.write(`${failure}\n`);
process.stdout.write(`${passed} passed, ${failures.length} failed\n`);
process.exitCode = failures.length === 0 ? 0 : 1;
