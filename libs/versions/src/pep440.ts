import { compareNumerals, compareText, isNumeral } from './numeral.ts';
import type { Comparison, VersionOrder } from './order.ts';

/** Compares by PEP 440; what is no version of it (legacy versions) sorts before all that are, by text. */
export function comparePep440(a: string, b: string): Comparison {
  const [one, two] = [readPep440(a), readPep440(b)];
  if (!one || !two) return one ? 1 : two ? -1 : compareText(a, b);
  return (
    compareNumerals(one.epoch, two.epoch) ||
    compareReleases(one.release, two.release) ||
    compareStages(one, two) ||
    compareText(one.post === undefined ? '0' : '1', two.post === undefined ? '0' : '1') ||
    compareNumerals(one.post ?? '', two.post ?? '') ||
    compareDevelopment(one.dev, two.dev) ||
    compareLocals(one.local, two.local)
  );
}

/** Whether the text is a version by PEP 440, normal or not. */
export function isPep440(version: string): boolean {
  return readPep440(version) !== undefined;
}

/** Version order of PyPI. */
export const pep440Order: VersionOrder = { compare: comparePep440, isValid: isPep440 };

/** A version by PEP 440 in its normal parts. */
export interface Pep440Version {
  readonly epoch: string;
  readonly release: readonly string[];
  readonly pre: { readonly letter: 'a' | 'b' | 'rc'; readonly number: string } | undefined;
  readonly post: string | undefined;
  readonly dev: string | undefined;
  readonly local: readonly string[];
}

const letters: Readonly<Record<string, 'a' | 'b' | 'rc'>> = {
  a: 'a',
  alpha: 'a',
  b: 'b',
  beta: 'b',
  c: 'rc',
  rc: 'rc',
  pre: 'rc',
  preview: 'rc',
};

// PEP 440, appendix B. Each step eats a prefix and none can match in two ways, so no step backtracks over another.
const steps = {
  epoch: /^([0-9]+)!/,
  release: /^[0-9]+(?:\.[0-9]+)*/,
  pre: /^[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?([0-9]*)/,
  post: /^(?:-([0-9]+)|[-_.]?(?:post|rev|r)[-_.]?([0-9]*))/,
  dev: /^[-_.]?dev[-_.]?([0-9]*)/,
  local: /^\+([a-z0-9]+(?:[-_.][a-z0-9]+)*)$/,
};

/** Reads a version by PEP 440. */
export function readPep440(text: string): Pep440Version | undefined {
  let rest = text.trim().toLowerCase().replace(/^v/, '');
  const eat = (step: RegExp) => {
    const found = step.exec(rest);
    if (found) rest = rest.slice(found[0].length);
    return found;
  };
  const epoch = eat(steps.epoch)?.[1] ?? '0';
  const release = eat(steps.release)?.[0].split('.');
  if (!release) return undefined;
  const pre = eat(steps.pre);
  const post = eat(steps.post);
  const dev = eat(steps.dev);
  const local = eat(steps.local);
  if (rest !== '') return undefined;
  return {
    epoch,
    release,
    pre: pre ? { letter: letters[pre[1]!]!, number: pre[2]! } : undefined,
    post: post ? (post[1] ?? post[2]!) : undefined,
    dev: dev?.[1],
    local: local ? local[1]!.split(/[-_.]/) : [],
  };
}

function compareReleases(a: readonly string[], b: readonly string[]): Comparison {
  for (let i = 0; i < a.length || i < b.length; i++) {
    const order = compareNumerals(a[i] ?? '0', b[i] ?? '0');
    if (order !== 0) return order;
  }
  return 0;
}

// Of one release: development releases of it, then alpha, beta, candidates, then the release and its post-releases.
function compareStages(a: Pep440Version, b: Pep440Version): Comparison {
  const stage = (version: Pep440Version) => {
    if (version.pre) return { a: 1, b: 2, rc: 3 }[version.pre.letter];
    return version.post === undefined && version.dev !== undefined ? 0 : 4;
  };
  return (Math.sign(stage(a) - stage(b)) as Comparison) || compareNumerals(a.pre?.number ?? '', b.pre?.number ?? '');
}

function compareDevelopment(a: string | undefined, b: string | undefined): Comparison {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1;
  return compareNumerals(a, b);
}

function compareLocals(a: readonly string[], b: readonly string[]): Comparison {
  for (let i = 0; i < a.length || i < b.length; i++) {
    const [x, y] = [a[i], b[i]];
    if (x === undefined || y === undefined) return x === undefined ? -1 : 1;
    const [isNumber, isOtherNumber] = [isNumeral(x), isNumeral(y)];
    if (isNumber !== isOtherNumber) return isNumber ? 1 : -1;
    const order = isNumber ? compareNumerals(x, y) : compareText(x, y);
    if (order !== 0) return order;
  }
  return 0;
}
