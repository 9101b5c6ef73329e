import { isRecord, textOf } from '@gabion/advisories/json';
import { readCycloneDx } from './cyclonedx/read-cyclonedx.ts';
import { cycloneDxOfXml } from './cyclonedx/xml.ts';
import { unwrapped } from './envelope.ts';
import type { Sbom } from './sbom.ts';
import { SbomError } from './sbom-error.ts';
import { readSpdx } from './spdx/read-spdx.ts';
import { spdxOfTagValue } from './spdx/read-tag-value.ts';

/** Of the text; an SBOM of a large image is some 20 MiB. */
const maxBytes = 128 * 1024 * 1024;

/**
 * Reads an SBOM of any form that its content tells: CycloneDX JSON or XML, SPDX JSON or tag-value, bare or attested.
 * Throws SbomError.
 */
export function readSbom(content: Uint8Array): Sbom {
  if (content.byteLength > maxBytes) throw new SbomError('sbom_too_large', `over ${maxBytes} bytes`);
  const text = new TextDecoder().decode(content);
  const start = text.slice(0, 4096).trimStart();
  if (start.startsWith('<')) return readCycloneDx(cycloneDxOfXml(text));
  if (start.startsWith('{')) return readDocument(text);
  if (/^SPDXVersion:/m.test(start)) return readSpdx(spdxOfTagValue(text));
  throw new SbomError('sbom_format_unknown', 'neither CycloneDX nor SPDX');
}

function readDocument(text: string): Sbom {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new SbomError('sbom_malformed', `no JSON: ${(error as Error).message.slice(0, 200)}`);
  }
  if (!isRecord(json)) throw new SbomError('sbom_malformed', 'no JSON object');
  const document = unwrapped(json);
  if (document.bomFormat === 'CycloneDX') return readCycloneDx(document);
  if (typeof document.spdxVersion === 'string') return readSpdx(document);
  if (/spdx\.org\/rdf\/3/.test(textOf(document['@context'])))
    throw new SbomError('sbom_version_unsupported', 'SPDX 3 is not read; 2.2 and 2.3 are');
  throw new SbomError('sbom_format_unknown', 'neither CycloneDX nor SPDX');
}
