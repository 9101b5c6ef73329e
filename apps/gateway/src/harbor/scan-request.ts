import { HarborFault } from './harbor-fault.ts';
import { isSame, mediaTypes, type SbomFormat, sbomFormats } from './media-types.ts';

/** The artifact as Harbor names it; answered as it came. */
export interface Artifact {
  readonly repository: string;
  readonly digest: string;
  readonly tag?: string;
  readonly mime_type?: string;
}

/** What Harbor asks for, checked. */
export interface ScanRequest {
  readonly artifact: Artifact;
  /** "core.harbor.domain/library/mongo@sha256:…". */
  readonly image: string;
  readonly plainHttp: boolean;
  readonly credentials?: { username: string; password: string } | { identityToken: string };
}

const consumed = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];

type Fields = Readonly<Record<string, unknown>>;

/** Reads the body of POST /scan; a HarborFault says what is wrong with it. */
export function scanRequestFrom(body: unknown): ScanRequest {
  if (body === undefined || body === null) throw malformed('the request is no object');
  const json = object(body, 'the request');
  const registry = object(json.registry, 'registry');
  const asked = object(json.artifact, 'artifact');
  const url = text(registry, 'url', 'registry.url');
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) throw unfit('registry.url is no http(s) URL');
  const { host, protocol } = new URL(url);
  const artifact = artifactFrom(asked);
  checkCapabilities(json.enabled_capabilities);
  const credentials = credentialsFrom(optionalText(registry, 'authorization', 'registry.authorization'));
  return {
    artifact,
    image: `${host}/${artifact.repository}@${artifact.digest}`,
    plainHttp: protocol === 'http:',
    ...(credentials && { credentials }),
  };
}

function artifactFrom(asked: Fields): Artifact {
  const repository = text(asked, 'repository', 'artifact.repository');
  const digest = text(asked, 'digest', 'artifact.digest');
  if (!/^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/.test(digest)) throw unfit('artifact.digest is no digest');
  if (!/^[a-z0-9][a-z0-9._/-]{0,254}$/.test(repository)) throw unfit('artifact.repository is no repository name');
  const tag = optionalText(asked, 'tag', 'artifact.tag');
  const type = optionalText(asked, 'mime_type', 'artifact.mime_type');
  if (type && !consumed.includes(type)) throw new HarborFault(501, `artifacts of type ${type} are not scanned`);
  return { repository, digest, ...(tag && { tag }), ...(type && { mime_type: type }) };
}

/** Both capabilities come of one scan: what is enabled need only be known. */
function checkCapabilities(value: unknown): void {
  if (value === undefined || value === null) return;
  if (!Array.isArray(value)) throw malformed('enabled_capabilities is not a list');
  for (const each of value.slice(0, 100)) {
    const { type, produces_mime_types: produced, parameters } = object(each, 'enabled_capabilities');
    if (type !== 'vulnerability' && type !== 'sbom') throw unfit('a capability is neither vulnerability nor sbom');
    checkProduced(produced, type);
    if (parameters !== undefined && parameters !== null) checkParameters(object(parameters, 'parameters'));
  }
}

function checkProduced(produced: unknown, type: 'vulnerability' | 'sbom'): void {
  if (produced === undefined || produced === null) return;
  if (!Array.isArray(produced) || produced.some((each) => typeof each !== 'string'))
    throw malformed('produces_mime_types is not a list of strings');
  const can = type === 'sbom' ? [mediaTypes.sbom] : [mediaTypes.vulnerabilities, mediaTypes.vulnerabilities10];
  const foreign = produced.find((each) => !can.some((own) => isSame(each, own)));
  if (foreign !== undefined)
    throw new HarborFault(501, `reports of type ${String(foreign).slice(0, 100)} are not made`);
}

function checkParameters({ sbom_media_types: formats }: Fields): void {
  if (formats === undefined || formats === null) return;
  const isKnown = (each: unknown) => (sbomFormats as readonly unknown[]).includes(each);
  if (!Array.isArray(formats) || !formats.every(isKnown)) throw unfit('sbom_media_types has an unknown format');
}

/** Robot accounts come in Basic; tokens as Bearer. */
function credentialsFrom(authorization: string | undefined): ScanRequest['credentials'] {
  if (!authorization) return undefined;
  const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return { identityToken: value };
  const [username = '', ...password] = Buffer.from(value, 'base64').toString().split(':');
  if (scheme.toLowerCase() !== 'basic' || username === '' || password.join(':') === '')
    throw unfit('registry.authorization is neither Basic nor Bearer');
  return { username, password: password.join(':') };
}

/** The format of `?sbom_media_type=`. */
export function sbomFormatIn(text: unknown): SbomFormat {
  const found = sbomFormats.find((each) => each === text);
  if (!found) throw new HarborFault(400, `sbom_media_type must be one of ${sbomFormats.join(', ')}`);
  return found;
}

function object(value: unknown, what: string): Fields {
  if (value === undefined || value === null) throw unfit(`${what} is missing`);
  if (typeof value !== 'object' || Array.isArray(value)) throw malformed(`${what} is not an object`);
  return value as Fields;
}

function text(fields: Fields, name: string, what: string): string {
  const value = optionalText(fields, name, what);
  if (!value) throw unfit(`${what} is missing`);
  return value;
}

function optionalText(fields: Fields, name: string, what: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw malformed(`${what} is not a string`);
  return value.slice(0, 16_384);
}

/** 400: the wrong type of JSON. */
function malformed(message: string): HarborFault {
  return new HarborFault(400, message);
}

/** 422: a field that cannot be. */
function unfit(message: string): HarborFault {
  return new HarborFault(422, message);
}
