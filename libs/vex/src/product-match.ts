import type { Package } from '@gabion/inventory/package';
import { type PurlParts, packageNameOf, parsePurl } from '@gabion/purl/purl';
import { orderOf } from '@gabion/versions/ecosystems';
import type { Component, Product } from './statement.ts';
import { isInVersions } from './vers.ts';

/** The image that findings are of, as statements may name it. */
export interface JudgedImage {
  /** `registry.example/app:1.2`. */
  readonly target: string;
  readonly imageDigest?: string;
  readonly platform?: string;
  readonly packages: readonly Package[];
}

/** How exactly a product names the package of a finding in the image; 0 where it does not. */
export function closeness(product: Product, found: Package, image: JudgedImage): number {
  if (product.subcomponents.length === 0)
    return Math.max(imageCloseness(product, image), packageCloseness(product, found));
  const part = highest(product.subcomponents, (each) => packageCloseness(each, found));
  if (part === 0) return 0;
  const whole = imageCloseness(product, image);
  if (whole > 0) return whole + part;
  const inside = image.packages.filter((other) => isInside(found, other));
  const container = highest(inside, (other) => packageCloseness(product, other));
  return container === 0 ? 0 : container + part;
}

// A package elsewhere in the image is not in the product, even where both are installed.
function isInside(found: Package, whole: Package): boolean {
  if (whole.path === '' || whole === found) return false;
  return found.path === whole.path ? whole.type === found.type : found.path.startsWith(`${whole.path}!`);
}

const byDigest = 8;
const byVersion = 4;
const byName = 2;

/** The highest of the values, at least 0; a document may have too many of them for one call of `Math.max`. */
export function highest<T>(list: readonly T[], rankOf: (each: T) => number): number {
  return list.reduce((most, each) => Math.max(most, rankOf(each)), 0);
}

function imageCloseness(component: Component, image: JudgedImage): number {
  if (image.imageDigest && component.digests.includes(image.imageDigest)) return byDigest;
  const purls = partsOf(component).map((parts) => imagePurlCloseness(parts, image));
  const references = component.references.map((reference) => referenceCloseness(reference, image));
  return Math.max(0, ...purls, ...references);
}

/** `pkg:oci/app@sha256:…?repository_url=registry.example/app&tag=1.2&arch=amd64`, and `pkg:docker/team/app@1.2`. */
function imagePurlCloseness({ type, namespace, name, version, qualifiers }: PurlParts, image: JudgedImage): number {
  if (type !== 'oci' && type !== 'docker') return 0;
  const own = namesOf(image.target);
  const isDigest = version.startsWith('sha256:');
  if (isDigest && version !== image.imageDigest) return 0;
  const repository = qualifiers.get('repository_url') ?? (namespace === '' ? '' : `${namespace}/${name}`);
  const isSameName = repository === '' ? own.name.split('/').at(-1) === name : namesOf(repository).name === own.name;
  // The digest alone says which image it is, whatever registry it was copied to.
  if (isDigest) return byDigest;
  if (!isSameName || !isPlatform(qualifiers.get('arch'), image.platform)) return 0;
  const tag = qualifiers.get('tag') ?? version;
  if (tag === '') return byName;
  return tag === own.tag ? byVersion : 0;
}

function isPlatform(architecture: string | undefined, platform: string | undefined): boolean {
  return architecture === undefined || platform === undefined || platform.split('/')[1] === architecture;
}

function referenceCloseness(reference: string, image: JudgedImage): number {
  const [meant, own] = [namesOf(reference), namesOf(image.target)];
  if (meant.digest) return meant.digest === image.imageDigest ? byDigest : 0;
  if (meant.name !== own.name) return 0;
  if (meant.tag === '') return byName;
  return meant.tag === own.tag ? byVersion : 0;
}

/** Repository, tag and digest of a reference; Docker Hub's are written in full. */
function namesOf(reference: string): { name: string; tag: string; digest: string } {
  const [tagged = '', digest = ''] = reference
    .toLowerCase()
    .replace(/^https?:\/\//, '')
    .split('@', 2);
  const [, bare = tagged, tag = ''] = /^(.*?):([^:/]*)$/.exec(tagged) ?? [];
  const [first = ''] = bare.split('/', 1);
  const hasHost = bare.includes('/') && (/[.:]/.test(first) || first === 'localhost');
  const path = hasHost ? bare : bare.includes('/') ? `docker.io/${bare}` : `docker.io/library/${bare}`;
  return { name: path.replace(/^(?:index|registry-1)\.docker\.io\//, 'docker.io/'), tag, digest };
}

function packageCloseness(component: Component, found: Package): number {
  const own = ownPartsOf(found);
  if (!own || !isMeantVersion(component.versions, found)) return 0;
  const limited = component.versions.length > 0 ? byVersion : 0;
  const named = highest(partsOf(component), (meant) => purlCloseness(meant, own, found));
  return named && named + limited;
}

function isMeantVersion(versions: readonly string[], found: Package): boolean {
  const order = orderOf(found.ecosystem);
  return versions.length === 0 || versions.some((each) => isInVersions(each, found.version, order));
}

/** OpenVEX 0.2.0, "Package URL": what the statement's purl leaves out stands for everything. */
function purlCloseness(meant: PurlParts, own: PurlParts, found: Package): number {
  if (meant.type !== own.type) return 0;
  const isSource = /^(?:source|src)$/.test(meant.qualifiers.get('arch') ?? '');
  const subject = isSource ? { ...own, name: found.sourceName, version: found.sourceVersion } : own;
  if (packageNameOf(meant) !== packageNameOf(subject)) return 0;
  const qualifiers = [...meant.qualifiers].filter(([key]) => !(isSource && key === 'arch') && !loose.has(key));
  if (qualifiers.some(([key, value]) => own.qualifiers.get(key) !== value)) return 0;
  if (meant.version === '') return byName;
  return [subject.version, isSource ? found.sourceVersion : found.version].includes(meant.version) ? byVersion : 0;
}

// Vendors' statements name thousands of products, and each is held against every finding: all are parsed once.
const partsOfComponents = new WeakMap<Component, readonly PurlParts[]>();
const partsOfPackages = new WeakMap<Package, PurlParts | undefined>();

function partsOf(component: Component): readonly PurlParts[] {
  const known = partsOfComponents.get(component);
  if (known) return known;
  const parts = component.purls.flatMap((purl) => parsePurl(purl) ?? []);
  partsOfComponents.set(component, parts);
  return parts;
}

function ownPartsOf(found: Package): PurlParts | undefined {
  if (!partsOfPackages.has(found)) partsOfPackages.set(found, parsePurl(found.purl));
  return partsOfPackages.get(found);
}

/** Qualifiers that say where to get a package, not which one it is. */
const loose = new Set(['repository_url', 'download_url', 'vcs_url', 'checksum', 'file_name', 'upstream', 'epoch']);
