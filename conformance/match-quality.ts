import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type AffectedEntry, affectedEntries } from '@gabion/advisories/advisory';
import { lookupsOf, match } from '@gabion/advisories/match';
import { readFeedFile } from '@gabion/advisories/read';
import { type FeedFile, walk } from '@gabion/advisories/walk';
import { type Claim, claimsOfFeed, type LabelFeed, labelFeeds } from './match-labels.ts';
import { compareAll, satisfiesAll } from './version-oracles.ts';

// Labels made from the feeds themselves, judged by live oracles that share no code with the engines:
// node --conditions source conformance/match-quality.ts [feeds directory] [corpora directory] [seed]
const feeds = process.argv[2] ?? join(import.meta.dirname, '../../shared/feeds');
const corpora = process.argv[3] ?? join(import.meta.dirname, '../../shared/corpora');
const packagesPerFeed = 200;
const required = 0.95;

let state = Number(process.argv[4] ?? 20_260_601) >>> 0;
function random(below: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}

/** A version of a package, of which the oracle says what it has. */
interface Label {
  readonly name: string;
  readonly version: string;
  readonly module: string;
  readonly claims: readonly Claim[];
}

const present = new Set(readdirSync(feeds));
let isFine = true;
for (const feed of labelFeeds) {
  if (!present.has(feed.archive)) continue;
  const { precision, recall, f1, labels, pairs, wrong } = await measure(feed);
  isFine &&= f1 >= required;
  const figures = [precision, recall, f1].map((share) => share.toFixed(4));
  console.log(
    `${feed.name}: ${labels} versions, ${pairs} vulnerabilities, precision ${figures[0]}, recall ${figures[1]}, F1 ${figures[2]}`,
  );
  for (const line of wrong.slice(0, 5)) console.log(`  ${line}`);
}
process.exitCode = isFine ? 0 : 1;

async function measure(feed: LabelFeed) {
  const files: FeedFile[] = [];
  for await (const file of walk(join(feeds, feed.archive))) if (feed.wants(file.path)) files.push(file);
  const byPackage = Map.groupBy(claimsOfFeed(feed, files), ({ ecosystem, name }) => `${ecosystem}\n${name}`);
  const chosen = sample([...byPackage.values()], packagesPerFeed);
  const labels = chosen.flatMap((claims) => labelsOf(claims));
  const truth = truthOf(feed, labels);
  const entries = entriesOf(feed, files);
  const sum = { hit: 0, extra: 0, missed: 0 };
  const wrong: string[] = [];
  for (const [index, label] of labels.entries()) {
    const undecided = new Set(label.claims.flatMap(({ ids, isUndecided }) => (isUndecided ? ids : [])));
    const said = new Set(judged(label, entries)).difference(undecided);
    const right = truth[index]!.difference(undecided);
    for (const id of said) {
      if (right.has(id)) sum.hit++;
      else if (++sum.extra) wrong.push(`extra ${label.name} ${label.version} ${label.module} ${id}`);
    }
    for (const id of right)
      if (!said.has(id) && ++sum.missed) wrong.push(`missed ${label.name} ${label.version} ${id}`);
  }
  const precision = sum.hit / (sum.hit + sum.extra);
  const recall = sum.hit / (sum.hit + sum.missed);
  const f1 = (2 * precision * recall) / (precision + recall);
  return { precision, recall, f1, labels: labels.length, pairs: sum.hit + sum.missed, wrong };
}

function entriesOf(feed: LabelFeed, files: readonly FeedFile[]): Map<string, AffectedEntry[]> {
  const entries = files.flatMap((file) => {
    const reading = readFeedFile(file, { source: feed.name });
    return 'skipped' in reading ? [] : reading.advisories.flatMap(affectedEntries);
  });
  return Map.groupBy(entries, ({ ecosystem, name }) => `${ecosystem}\n${name}`);
}

function judged({ name, version, module, claims }: Label, entries: ReadonlyMap<string, AffectedEntry[]>): string[] {
  const pkg = { ecosystem: claims[0]!.ecosystem, name, version, module };
  const found = lookupsOf(pkg).flatMap((each) => entries.get(`${each.ecosystem}\n${each.name}`) ?? []);
  return match(pkg, found).map(({ vulnerabilityId }) => vulnerabilityId);
}

function sample<T>(items: T[], count: number): T[] {
  for (let at = items.length - 1; at > 0; at--) {
    const other = random(at + 1);
    [items[at], items[other]] = [items[other]!, items[at]!];
  }
  return items.slice(0, count);
}

// The fixed version itself, one just below it and one far above, of one of the package's advisories.
function labelsOf(claims: readonly Claim[]): Label[] {
  const bounded = claims.filter(({ bounds, isUndecided }) => bounds.length > 0 && !isUndecided);
  if (bounded.length === 0) return [];
  const claim = bounded[random(bounded.length)]!;
  const bound = claim.bounds[random(claim.bounds.length)]!;
  const versions = new Set([bound, below(bound), above(bound)]);
  return [...versions].map((version) => ({ name: claim.name, version, module: claim.module, claims }));
}

// The last number that is no part of a build's checksum or distribution, one less.
function below(version: string): string {
  const numbers = [...version.matchAll(/(?<![0-9a-z])\d+(?![0-9a-z])/g)].filter(([number]) => Number(number) > 0);
  const last = numbers.at(-1);
  if (!last) return version;
  return `${version.slice(0, last.index)}${Number(last[0]) - 1}${version.slice(last.index + last[0].length)}`;
}

function above(version: string): string {
  return version.replace(/^(v?(?:\d+:)?)(\d+)/, (_, epoch: string, major: string) => `${epoch}${Number(major) + 50}`);
}

/** What each label has, by the oracle: every claim of its package whose bounds hold its version. */
function truthOf(feed: LabelFeed, labels: readonly Label[]): Set<string>[] {
  const truth = labels.map(() => new Set<string>());
  const asked = labels.flatMap((label, index) =>
    label.claims.filter((claim) => claim.module === label.module).map((claim) => ({ label, index, claim })),
  );
  if (feed.oracle === 'ranges') {
    const answers = satisfiesAll(
      asked.map(({ label, claim }) => ({ version: label.version, range: claim.range, dialect: feed.dialect! })),
    );
    for (const [at, { index, claim }] of asked.entries())
      if (answers[at]) for (const id of claim.ids) truth[index]!.add(id);
    return truth;
  }
  const pairs = asked.flatMap(({ label, claim }) => claim.events.map(({ at }) => [label.version, at] as const));
  const answers = compareAll(feed.oracle, pairs, corpora);
  let next = 0;
  for (const { label, index, claim } of asked) {
    // Records write their events in the order of versions: the last one that the version has reached decides.
    let isAffected = false;
    const isListed = claim.versions?.includes(label.version);
    for (const event of claim.events) {
      const order = event.at === '0' ? 1 : answers[next]!;
      next++;
      if (event.kind === 'last_affected' ? order > 0 : order >= 0) isAffected = event.kind === 'introduced';
    }
    if (isAffected || isListed) for (const id of claim.ids) truth[index]!.add(id);
  }
  return truth;
}
