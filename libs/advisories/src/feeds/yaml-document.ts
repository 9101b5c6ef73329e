import { parseDocument } from 'yaml';
import { AdvisoryError } from '../advisory-error.ts';

const maxBytes = 16 * 1024 ** 2;
// Nesting of block collections is indentation, of flow collections is brackets; advisories nest six deep.
const maxDepth = 64;

/** Parses YAML of a feed: no aliases (they can make a small text large), no deep nesting, no custom tags. */
export function parseYaml(text: string): unknown {
  if (text.length > maxBytes) throw new AdvisoryError('yaml_refused', `a YAML file has at most ${maxBytes} characters`);
  refuseDepth(text);
  const document = parseDocument(text, { schema: 'core', prettyErrors: false, uniqueKeys: false });
  const [error] = document.errors;
  if (error) throw new AdvisoryError('yaml_refused', error.message);
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw new AdvisoryError('yaml_refused', (cause as Error).message, { cause });
  }
}

function refuseDepth(text: string): void {
  // Counts runs like `[[[[` and `- - - -`, and indentation, which is what a parser descends into.
  if (/(?:[[{]\s*){64}|(?:[-?:] +){64}|^ {512}/m.test(text))
    throw new AdvisoryError('yaml_refused', `a YAML file nests at most ${maxDepth} deep`);
}
