import type { Inspector, Note } from '@gabion/rootfs/inspector';
import type { SecretDetector } from './secret-detector.ts';
import { isExempt } from './secret-paths.ts';
import type { SecretSeverity } from './secret-rule.ts';

/** A secret in a file. */
export interface SecretNote extends Note {
  readonly ruleId: string;
  readonly title: string;
  readonly severity: SecretSeverity;
  readonly line: number;
  readonly redacted: string;
}

export const secretInspectorName = 'secrets';

/** Larger files are data, not configuration. */
const maxBytes = 64 * 1024 ** 2;

/** Looks for secrets in every text of a layer, also in those that a later layer deletes. */
export function secretInspector(detector: SecretDetector): Inspector<SecretNote> {
  return {
    name: secretInspectorName,
    inspect({ path, size }, head) {
      if (size === 0 || size > maxBytes || isExempt(path) || isProgram(head)) return undefined;
      const reading = detector.reading(path);
      return {
        write: (chunk) => reading.write(chunk),
        end: () =>
          reading.end().map(({ rule: { id, title, severity }, line, redacted }) => {
            return { path, ruleId: id, title, severity, line, redacted };
          }),
      };
    },
  };
}

/** ELF, PE, Mach-O, archives and compressed data: no text, whatever the name says. Python's .pyc is looked into. */
function isProgram(head: Buffer): boolean {
  if (head.length < 4) return false;
  const magic = head.readUInt32BE(0);
  return programs.has(magic) || programs.has(magic >>> 16) || magic === 0x504b0304 || magic === 0x28b52ffd;
}

const programs = new Set([0x7f454c46, 0xcffaedfe, 0xcefaedfe, 0xcafebabe, 0xfd377a58, 0x4d5a, 0x1f8b, 0x425a]);
