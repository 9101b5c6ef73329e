import type { FeedFile } from '@gabion/advisories/walk';
import { parse } from 'yaml';
import type { Oracle } from './version-oracles.ts';

/** What a feed's record says of one package, read without the engines. */
export interface Claim {
  readonly ecosystem: string;
  readonly name: string;
  /** The vulnerabilities as a user would name them. */
  readonly ids: readonly string[];
  /** Stream of a module, empty outside. */
  readonly module: string;
  readonly events: readonly { readonly kind: 'introduced' | 'fixed' | 'last_affected'; readonly at: string }[];
  /** The range as written, for oracles that read ranges. */
  readonly range: string;
  /** The record says what the label maker cannot judge: nothing is asked about its vulnerabilities. */
  readonly isUndecided?: boolean;
  /** Versions that are named one by one. */
  readonly versions?: readonly string[];
  /** Versions worth looking at. */
  readonly bounds: readonly string[];
}

/** A feed from which labels are made. */
export interface LabelFeed {
  readonly name: string;
  readonly archive: string;
  readonly oracle: Oracle | 'ranges';
  readonly dialect?: 'npm' | 'pypi';
  wants(path: string): boolean;
  read(text: string, path: string): Claim[];
}

/** The claims of a feed's files; files that the label maker cannot read make no labels. */
export function claimsOfFeed(feed: LabelFeed, files: readonly FeedFile[]): Claim[] {
  return files.flatMap(({ path, bytes }) => {
    try {
      return feed.read(Buffer.from(bytes).toString(), path);
    } catch {
      return [];
    }
  });
}

// biome-ignore lint/suspicious/noExplicitAny: records are read as they come, by the formats' documents
type Raw = any;

function osvClaims(record: Raw): Claim[] {
  if (record.withdrawn) return [];
  const isErratum = /^AL[SBE]A-/.test(record.id);
  const related: string[] = (record.related ?? []).filter((id: string) => id.startsWith('CVE-'));
  const cve = [record.id, ...(record.aliases ?? [])].find((id: string) => id.startsWith('CVE-'));
  const ids: string[] = isErratum
    ? related.length > 0
      ? related
      : /^ALSA/.test(record.id)
        ? [record.id]
        : []
    : [cve ?? record.id];
  if (ids.length === 0) return [];
  return (record.affected ?? []).flatMap((affected: Raw) =>
    (affected.ranges ?? [])
      .filter((range: Raw) => range.type !== 'GIT')
      .flatMap((range: Raw) => {
        const events = range.events.map((event: Raw) => {
          const [[kind, at]] = Object.entries(event) as [[string, string]];
          return { kind, at: String(at) };
        });
        const bounds = events.filter((event: Raw) => event.at !== '0').map((event: Raw) => event.at);
        const isModular = bounds.some((bound: string) => bound.includes('.module'));
        const module = isModular ? (/\b([a-z][\w.+-]*:[\w.+-]+)/.exec(record.summary)?.[1] ?? '') : '';
        // Two modules in one erratum, and ranges in a second form, make no decidable label.
        const isOneModule = (record.summary?.match(/\w:\w/g) ?? []).length === 1;
        const isUndecided = (isModular && !isOneModule) || affected.ecosystem_specific?.custom_ranges !== undefined;
        const { ecosystem, name } = affected.package;
        return [
          {
            ecosystem,
            name: ecosystem === 'PyPI' ? name.toLowerCase().replace(/[-_.]+/g, '-') : name,
            ids,
            module,
            events,
            range: '',
            bounds,
            isUndecided,
            versions: affected.versions ?? [],
          },
        ];
      }),
  );
}

function osvFeed(name: string, archive: string, oracle: Oracle): LabelFeed {
  const isYaml = archive.startsWith('pypa');
  return {
    name,
    archive,
    oracle,
    wants: (path) => path.endsWith(isYaml ? '.yaml' : '.json'),
    read: (text) => osvClaims(isYaml ? parse(text) : JSON.parse(text)),
  };
}

function fixedClaim(ecosystem: string, name: string, ids: readonly string[], fixed: string): Claim {
  const events = [
    { kind: 'introduced', at: '0' },
    { kind: 'fixed', at: fixed },
  ] as const;
  return { ecosystem, name, ids, module: '', events, range: '', bounds: [fixed] };
}

const alpine: LabelFeed = {
  name: 'Alpine secdb',
  archive: 'alpine-secdb.tar.gz',
  oracle: 'apk',
  wants: (path) => path.endsWith('.yaml'),
  read: (text) => {
    const { distroversion, packages } = parse(text);
    return (packages ?? []).flatMap(({ pkg }: Raw) =>
      Object.entries(pkg.secfixes as Record<string, string[]>).flatMap(([version, lines]) =>
        lines.flatMap((line) => {
          const id = /^CVE-\d+-\d+(?=$|\s)/.exec(line)?.[0];
          return id && version !== '0' ? [fixedClaim(`Alpine:${distroversion}`, pkg.name, [id], version)] : [];
        }),
      ),
    );
  },
};

const codenames: Readonly<Record<string, string>> = {
  stretch: '9',
  buster: '10',
  bullseye: '11',
  jessie: '8',
  wheezy: '7',
};

const debian: LabelFeed = {
  name: 'Debian lists',
  archive: 'debian-dsa-dla.tar.gz',
  oracle: 'dpkg',
  wants: (path) => path.endsWith('/list'),
  read: (text) => {
    const claims: Claim[] = [];
    let ids: string[] = [];
    for (const line of text.split('\n')) {
      if (line.startsWith('[')) ids = [];
      const named = /^\t\{([^}]*)\}/.exec(line)?.[1];
      if (named) ids = named.trim().split(/\s+/);
      const [, codename, name, version] = /^\t\[([a-z]+)\] - (\S+) ([0-9]\S*)/.exec(line) ?? [];
      const release = codenames[codename ?? ''];
      if (release && ids.length > 0) claims.push(fixedClaim(`Debian:${release}`, name!, ids, version!));
    }
    return claims;
  },
};

function gitlab(dialect: 'npm' | 'pypi', ecosystem: string): LabelFeed {
  return {
    name: `GitLab ${ecosystem}`,
    archive: 'gitlab-advisories.tar.gz',
    oracle: 'ranges',
    dialect,
    wants: (path) => new RegExp(`^[^/]+/${dialect}/.*\\.yml$`).test(path),
    read: (text) => {
      const { identifier, identifiers, package_slug, affected_range, fixed_versions } = parse(text, {
        schema: 'failsafe',
      });
      if (affected_range.trim() === '<0') return [];
      const id = [identifier, ...(identifiers ?? [])].find((each: string) => each.startsWith('CVE-')) ?? identifier;
      const name = package_slug.slice(dialect.length + 1);
      const key = dialect === 'pypi' ? name.toLowerCase().replace(/[-_.]+/g, '-') : name;
      return [
        {
          ecosystem,
          name: key,
          ids: [id],
          module: '',
          events: [],
          range: affected_range,
          bounds: fixed_versions ?? [],
        },
      ];
    },
  };
}

const rustsec: LabelFeed = {
  name: 'RustSec',
  archive: 'rustsec.tar.gz',
  oracle: 'ranges',
  dialect: 'npm',
  wants: (path) => /\/crates\/.*RUSTSEC-.*\.md$/.test(path),
  read: (text) => {
    const field = (name: string) => new RegExp(`^${name}\\s*=\\s*"([^"]*)"`, 'm').exec(text)?.[1] ?? '';
    const list = (name: string) =>
      [...(new RegExp(`^${name}\\s*=\\s*\\[([^\\]]*)\\]`, 'm').exec(text)?.[1] ?? '').matchAll(/"([^"]*)"/g)].map(
        ([, item]) => item!,
      );
    if (/^(?:informational|withdrawn)/m.test(text)) return [];
    const safe = [...list('patched'), ...list('unaffected')];
    // A caret range of crates is npm's; what is affected is what none of the ranges holds, written with `!`.
    const id = list('aliases').find((alias) => alias.startsWith('CVE-')) ?? field('id');
    const bounds = list('patched').flatMap((range) => /\d+\.\d+\.\d+$/.exec(range)?.[0] ?? []);
    const range = `!${safe.map((each) => each.replaceAll(',', ' ').replace(/^(\d)/, '^$1')).join('||')}`;
    return [{ ecosystem: 'crates.io', name: field('package'), ids: [id], module: '', events: [], range, bounds }];
  },
};

/** The feeds that labels are made of. */
export const labelFeeds: readonly LabelFeed[] = [
  osvFeed('AlmaLinux OSV', 'almalinux-osv.tar.gz', 'rpm'),
  alpine,
  debian,
  osvFeed('PyPA', 'pypa-osv.tar.gz', 'pep440'),
  osvFeed('Go', 'go-vulndb-osv.tar.gz', 'semver'),
  osvFeed('Bitnami', 'bitnami-osv.tar.gz', 'semver'),
  rustsec,
  gitlab('npm', 'npm'),
  gitlab('pypi', 'PyPI'),
];
