import { PurlError, type PurlErrorCode } from './purl-error.ts';
import { rulesOf } from './type-rules.ts';

/** The parts of a package URL, decoded and in the form of their type; `qualifiers` by their keys in lower case. */
export interface PurlParts {
  readonly type: string;
  /** Segments with `/` between them; empty where there is none. */
  readonly namespace: string;
  readonly name: string;
  readonly version: string;
  readonly qualifiers: ReadonlyMap<string, string>;
  readonly subpath: string;
}

const hostsWithoutCase = new Set(['github', 'github.com', 'bitbucket.org']);

/** The parts as purl-spec has them written; throws PurlError where they break a rule of the grammar or of their type. */
export function normalParts(parts: PurlParts): PurlParts {
  const type = parts.type.toLowerCase();
  demand(/^[a-z][a-z0-9.-]*$/.test(type), 'purl_type_invalid', `"${type.slice(0, 80)}" is no type`);
  const { lower = [], replaced } = rulesOf(type);
  const cased = (part: 'namespace' | 'name' | 'version') =>
    lower.includes(part) ? parts[part].toLowerCase() : parts[part];
  const namespace = segmentsOf(cased('namespace')).join('/');
  const hasCase = !isCasedByHost(type, namespace, parts.qualifiers);
  const name = hasCase ? cased('name') : parts.name.toLowerCase();
  const normal = {
    type,
    namespace,
    name: replaced ? name.replace(replaced[0], replaced[1]) : name,
    version: cased('version'),
    qualifiers: normalQualifiers(parts.qualifiers),
    subpath: segmentsOf(parts.subpath)
      .filter((segment) => segment !== '.' && segment !== '..')
      .join('/'),
  };
  checkRules(normal);
  return normal;
}

/** Segments of a namespace or subpath; slashes at the ends and in a row count for nothing. */
export function segmentsOf(path: string): readonly string[] {
  return path.split('/').filter((segment) => segment !== '');
}

// Names at these hosts of repositories, and at Databricks' registries of models, are the same in any case.
function isCasedByHost(type: string, namespace: string, qualifiers: ReadonlyMap<string, string>): boolean {
  if (type === 'git') return hostsWithoutCase.has(namespace.split('/', 1)[0]!);
  return type === 'mlflow' && /^https?:\/\/[^/]*databricks/i.test(qualifiers.get('repository_url') ?? '');
}

function normalQualifiers(qualifiers: ReadonlyMap<string, string>): Map<string, string> {
  const normal = new Map<string, string>();
  for (const [key, value] of qualifiers) {
    const lower = key.toLowerCase();
    demand(/^[a-z][a-z0-9._-]*$/.test(lower), 'purl_qualifier_invalid', `"${key.slice(0, 80)}" is no key`);
    if (value !== '') normal.set(lower, value);
  }
  return normal;
}

function checkRules({ type, namespace, name, version, qualifiers }: PurlParts): void {
  const rules = rulesOf(type);
  demand(name !== '', 'purl_name_missing', 'a package URL has a name');
  demand(rules.namespace !== 'required' || namespace !== '', 'purl_namespace_missing', `${type} has a namespace`);
  demand(rules.namespace !== 'prohibited' || namespace === '', 'purl_namespace_prohibited', `${type} has no namespace`);
  demand(rules.name?.test(name) ?? true, 'purl_name_invalid', `"${name.slice(0, 80)}" is no name of ${type}`);
  const isVersion = version === '' || (rules.version?.test(version) ?? true);
  demand(isVersion, 'purl_version_invalid', `"${version.slice(0, 80)}" is no version of ${type}`);
  for (const key of rules.requiredQualifiers ?? [])
    demand(qualifiers.has(key), 'purl_qualifier_missing', `${type} has the qualifier ${key}`);
}

function demand(isMet: boolean, code: PurlErrorCode, message: string): void {
  if (!isMet) throw new PurlError(code, message);
}
