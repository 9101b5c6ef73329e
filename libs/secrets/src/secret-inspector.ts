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
      if (size === 0 || size > maxBytes || isExempt(path) || !isText(path, head)) return undefined;
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

/** Text has no NUL at its beginning; compiled Python has, and holds the texts of its source. */
function isText(path: string, head: Buffer): boolean {
  return path.endsWith('.pyc') || !head.subarray(0, 8192).includes(0);
}
