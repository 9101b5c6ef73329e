import { createPrivateKey, X509Certificate } from 'node:crypto';
import { parseDocument } from 'yaml';
import { clusterFaults } from './cluster-faults.ts';

/** Where an API server is, and who we are to it. */
export interface KubernetesAccess {
  /** "https://host:port", perhaps with a path. */
  readonly server: string;
  /** PEM; the machine's own authorities when absent. */
  readonly ca?: string;
  readonly serverName?: string;
  readonly token?: string;
  readonly certificate?: string;
  readonly key?: string;
}

/**
 * Punctuation and line ends, in which the parser's time is quadratic: 64 KiB of them take it 4 s. A kubeconfig is base64
 * for the most part, and has some 50 for each context.
 */
const maxMarks = 4000;
const mark = /[^A-Za-z0-9+/=._ ]/g;

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads the current context of a kubeconfig. It comes from outside: what would read a file or run a program here is
 * refused, as is a server without TLS. Throws `kubeconfig_invalid`.
 */
export function readKubeconfig(bytes: Uint8Array): KubernetesAccess {
  const config = document(bytes);
  const context = named(config, 'contexts', 'context', text(config['current-context']));
  const cluster = named(config, 'clusters', 'cluster', text(context.cluster));
  const user = named(config, 'users', 'user', text(context.user));
  refuse(cluster, ['certificate-authority', 'insecure-skip-tls-verify', 'proxy-url'], 'the cluster');
  refuse(user, ['exec', 'auth-provider', 'tokenFile', 'client-certificate', 'client-key'], 'the user');
  const server = text(cluster.server);
  if (!URL.canParse(server) || new URL(server).protocol !== 'https:') throw invalid('its server is no https URL');
  const ca = decoded(cluster['certificate-authority-data']);
  const serverName = text(cluster['tls-server-name']);
  return {
    server: server.replace(/\/+$/, ''),
    ...(ca && { ca: certificateIn(ca) }),
    ...(serverName && { serverName }),
    ...identityOf(user),
  };
}

function identityOf(user: Json): Pick<KubernetesAccess, 'token' | 'certificate' | 'key'> {
  const token = text(user.token);
  if (/[^\x21-\x7e]/.test(token)) throw invalid('its token has characters that a header has not');
  const [certificate, key] = [decoded(user['client-certificate-data']), decoded(user['client-key-data'])];
  if (token) return { token };
  if (certificate && key) return { certificate: certificateIn(certificate), key: keyIn(key) };
  throw invalid('its user has neither a token nor a certificate with its key');
}

function document(bytes: Uint8Array): Json {
  const content = Buffer.from(bytes).toString('utf8');
  if ((content.match(mark)?.length ?? 0) > maxMarks) throw invalid('it has too much in it: bring its one context');
  const parsed = parseDocument(content, { strict: true, uniqueKeys: true, prettyErrors: false });
  if (parsed.errors.length > 0) throw invalid('it is no YAML');
  try {
    // Aliases are what YAML bombs are made of, and kubeconfigs have none.
    return object(parsed.toJS({ maxAliasCount: 0 }));
  } catch {
    throw invalid('it is no mapping, or has aliases');
  }
}

function named(config: Json, list: string, part: string, name: string): Json {
  const entries = Array.isArray(config[list]) ? (config[list] as unknown[]).map(object) : [];
  const entry = entries.find((each) => each.name === name);
  if (name === '' || !entry) throw invalid(`its current context has no ${part}`);
  return object(entry[part]);
}

function refuse(part: Json, forbidden: readonly string[], what: string): void {
  for (const field of forbidden)
    if (part[field] !== undefined) throw invalid(`${what} has ${field}: everything must be in it, and verified`);
}

function object(value: unknown): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw invalid('a mapping is missing');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function decoded(value: unknown): string {
  return Buffer.from(text(value), 'base64').toString('utf8');
}

function certificateIn(pem: string): string {
  try {
    return new X509Certificate(pem) && pem;
  } catch {
    throw invalid('a certificate in it cannot be read');
  }
}

function keyIn(pem: string): string {
  try {
    return createPrivateKey(pem) && pem;
  } catch {
    throw invalid('the key in it cannot be read');
  }
}

function invalid(why: string) {
  return clusterFaults.invalid('kubeconfig', `is refused: ${why}`, 'kubeconfig_invalid');
}
