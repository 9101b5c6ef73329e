import { isRecord, textOf } from '@gabion/advisories/json';
import { SbomError } from './sbom-error.ts';

const maxEnvelopes = 4;

/**
 * The document inside an attestation: a DSSE envelope around an in-toto statement around the document (BuildKit, cosign
 * and `docker sbom` write these); what is no envelope is answered as it is. Signatures are not looked at.
 */
export function unwrapped(document: Record<string, unknown>): Record<string, unknown> {
  let inner = document;
  for (let i = 0; i < maxEnvelopes; i++) {
    const next = contentOf(inner);
    if (next === undefined) return inner;
    if (!isRecord(next)) throw new SbomError('sbom_malformed', 'the attestation holds no document');
    inner = next;
  }
  throw new SbomError('sbom_too_deep', 'an attestation inside an attestation');
}

function contentOf(document: Record<string, unknown>): unknown {
  const { payload, payloadType, _type, predicate } = document;
  if (typeof payload === 'string' && typeof payloadType === 'string')
    return parsed(Buffer.from(payload, 'base64').toString());
  if (!textOf(_type).startsWith('https://in-toto.io/Statement/')) return undefined;
  // cosign 1 put the document as text into `Data`.
  const held = isRecord(predicate) && 'Data' in predicate ? predicate.Data : predicate;
  return typeof held === 'string' ? parsed(held) : (held ?? null);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SbomError('sbom_malformed', 'the content of the attestation is no JSON');
  }
}
