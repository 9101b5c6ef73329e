import { isRecord, textOf } from '@gabion/advisories/json';
import { readCsaf } from './csaf.ts';
import { readCycloneDxVex } from './cyclonedx-vex.ts';
import { readOpenVex } from './openvex.ts';
import type { VexDocument } from './statement.ts';
import { VexError } from './vex-error.ts';

const maxBytes = 64 * 1024 * 1024;

/** Reads a VEX document of any format that its content tells, bare or in an in-toto statement. Throws VexError. */
export function readVex(content: Uint8Array): VexDocument {
  if (content.byteLength > maxBytes) throw new VexError('vex_too_large', `over ${maxBytes} bytes`);
  const json = parsed(new TextDecoder().decode(content));
  const isStatement = textOf(json._type).startsWith('https://in-toto.io/Statement/');
  const document = isStatement && isRecord(json.predicate) ? json.predicate : json;
  if (/openvex\.dev\/ns/.test(textOf(document['@context']))) return readOpenVex(document);
  if (document.bomFormat === 'CycloneDX') return readCycloneDxVex(document);
  if (isRecord(document.document) && 'csaf_version' in document.document) return readCsaf(document);
  throw new VexError('vex_format_unknown', 'neither OpenVEX, nor CycloneDX, nor CSAF');
}

function parsed(text: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(text);
    if (isRecord(json)) return json;
  } catch {
    // Told below.
  }
  throw new VexError('vex_malformed', 'no JSON object');
}
