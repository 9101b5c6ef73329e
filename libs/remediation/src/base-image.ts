import { countsOf, type Severity, type SeverityCounts } from './risk.ts';

/** An image that has been scanned, as a candidate for a base. */
export interface ScannedImage {
  readonly digest: string;
  /** Names under which it was scanned, newest first: "registry.example/debian:12". */
  readonly names: readonly string[];
  /** DiffIDs, lowest first. */
  readonly layers: readonly string[];
  readonly scanTime: Date;
}

/**
 * The base of an image: of the scanned images whose layers are its lowest ones, the one with the most layers. The image
 * itself is none. Of several with the same layers, the one scanned last.
 */
export function baseOf(layers: readonly string[], candidates: Iterable<ScannedImage>): ScannedImage | undefined {
  let best: ScannedImage | undefined;
  for (const candidate of candidates) {
    if (candidate.layers.length >= layers.length || candidate.layers.length === 0) continue;
    if (!candidate.layers.every((layer, index) => layer === layers[index])) continue;
    if (!best || isBetter(candidate, best)) best = candidate;
  }
  return best;
}

function isBetter(a: ScannedImage, b: ScannedImage): boolean {
  if (a.layers.length !== b.layers.length) return a.layers.length > b.layers.length;
  return a.scanTime > b.scanTime;
}

/** Whether an image is another state of a base: the same repository under any of their names. */
export function isSameRepository(a: ScannedImage, b: ScannedImage): boolean {
  const repositories = new Set(a.names.map(repositoryOf));
  return b.names.some((name) => repositories.has(repositoryOf(name)));
}

/** "registry.example:5000/team/app:1.2@sha256:…" → "registry.example:5000/team/app". */
export function repositoryOf(name: string): string {
  const plain = name.split('@', 1)[0]!;
  const colon = plain.lastIndexOf(':');
  return colon > plain.lastIndexOf('/') ? plain.slice(0, colon) : plain;
}

/** A vulnerability of a package by its name, whatever its version: what is compared between two bases. */
export interface BaseFinding {
  readonly vulnerabilityId: string;
  readonly packageName: string;
  readonly severity: Severity;
}

/** What a change from one base to another removes and adds. */
export function rebaseDifference(
  from: readonly BaseFinding[],
  to: readonly BaseFinding[],
): { readonly removes: SeverityCounts; readonly adds: SeverityCounts } {
  const before = new Map(from.map((each) => [keyOf(each), each]));
  const after = new Map(to.map((each) => [keyOf(each), each]));
  return {
    removes: countsOf([...before].filter(([key]) => !after.has(key)).map(([, each]) => each)),
    adds: countsOf([...after].filter(([key]) => !before.has(key)).map(([, each]) => each)),
  };
}

function keyOf({ vulnerabilityId, packageName }: BaseFinding): string {
  return `${vulnerabilityId}\n${packageName}`;
}
