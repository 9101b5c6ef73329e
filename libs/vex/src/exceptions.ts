import { packageNameOf, parsePurl } from '@gabion/purl/purl';
import { agreesWithGlob } from './glob.ts';

/** Somebody's decision to live with findings, for a reason and until a day. */
export interface Exception {
  readonly id: string;
  /** Who answers for it: a person or a team. */
  readonly owner: string;
  readonly reason: string;
  /** RFC 3339; from then on it hides nothing. */
  readonly expiresAt: string;
  readonly scope: ExceptionScope;
}

/** What an exception hides: findings that agree with all that is given. One that gives nothing hides nothing. */
export interface ExceptionScope {
  /** By any name of the vulnerability. */
  readonly vulnerabilityId?: string;
  /** One without a version stands for every version. */
  readonly purl?: string;
  /** Rule of a secret, check of the configuration, or licence. */
  readonly ruleId?: string;
  readonly findingId?: string;
  /** Glob over the path: `usr/share/doc/**`. */
  readonly path?: string;
  /** Glob over the image's name: `registry.example/team/*`. */
  readonly image?: string;
  readonly kind?: string;
}

/** A finding, as exceptions may name it. */
export interface ExceptedFinding {
  readonly id: string;
  readonly kind: string;
  /** All names of the vulnerability. */
  readonly vulnerabilityIds: readonly string[];
  readonly ruleId?: string;
  readonly purl?: string;
  readonly path?: string;
}

/** Whether an exception has ended. One whose end cannot be read has. */
export function isExpired({ expiresAt }: Exception, now: Date): boolean {
  const end = Date.parse(expiresAt);
  return Number.isNaN(end) || end <= now.getTime();
}

/** The exception that hides a finding of an image: of several, the one that ends last. */
export function exceptionFor(
  finding: ExceptedFinding,
  target: string,
  exceptions: readonly Exception[],
  now: Date,
): Exception | undefined {
  return exceptions
    .filter((exception) => !isExpired(exception, now) && isAbout(exception.scope, finding, target))
    .sort((a, b) => Date.parse(b.expiresAt) - Date.parse(a.expiresAt) || (a.id < b.id ? -1 : 1))[0];
}

function isAbout(scope: ExceptionScope, finding: ExceptedFinding, target: string): boolean {
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  const checks = [
    given(scope.vulnerabilityId, (id) => finding.vulnerabilityIds.some((name) => same(name, id))),
    given(scope.purl, (purl) => isPackage(purl, finding.purl)),
    given(scope.ruleId, (id) => finding.ruleId !== undefined && same(id, finding.ruleId)),
    given(scope.findingId, (id) => id === finding.id),
    given(scope.path, (glob) => finding.path !== undefined && agreesWithGlob(glob.replace(/^\//, ''), finding.path)),
  ];
  const told = checks.filter((check) => check !== undefined);
  // An image or a kind alone would hide everything that is ever found there.
  if (told.length === 0 || told.includes(false)) return false;
  return (
    given(scope.image, (glob) => isImage(glob, target)) !== false &&
    given(scope.kind, (kind) => kind === finding.kind) !== false
  );
}

function given(value: string | undefined, agrees: (value: string) => boolean): boolean | undefined {
  return value === undefined || value === '' ? undefined : agrees(value);
}

// `registry.example/app` is meant with every tag and digest.
function isImage(glob: string, target: string): boolean {
  const bare = target.replace(/@sha256:[0-9a-f]+$/, '');
  return [target, bare, bare.replace(/:[^:/]+$/, '')].some((name) => agreesWithGlob(glob, name));
}

function isPackage(text: string, own: string | undefined): boolean {
  const [meant, found] = [parsePurl(text), own === undefined ? undefined : parsePurl(own)];
  if (!meant || !found || packageNameOf(meant) !== packageNameOf(found)) return false;
  return meant.version === '' || meant.version === found.version;
}
