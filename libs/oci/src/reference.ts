import { type Digest, isDigest } from './digest.ts';
import { OciError } from './oci-error.ts';

/** A parsed image reference; at least one of tag and digest is there, and a digest decides over a tag. */
export interface Reference {
  /** As people write it: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly registry: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

// Grammar of github.com/distribution/reference; each expression is linear on its input, which is at most 1024 long.
const domainName =
  /^(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*$/;
const ipv6 = /^\[[0-9a-fA-F:]+\]$/;
const pathComponent = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const tagName = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Parses `[registry/]name[:tag][@digest]`, with Docker's defaults: docker.io, `library/`, `latest`. */
export function parseReference(text: string): Reference {
  if (text.length > 1024) throw invalid('a reference has over 1024 characters');
  const at = text.indexOf('@');
  const digest = at === -1 ? undefined : text.slice(at + 1);
  const named = at === -1 ? text : text.slice(0, at);
  if (digest !== undefined && !isDigest(digest))
    throw invalid('the digest is not sha256 or sha512 in hexadecimal', text);
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  const tag = hasTag ? named.slice(colon + 1) : undefined;
  if (tag !== undefined && !tagName.test(tag)) throw invalid('the tag is malformed', text);
  const { registry, repository } = splitName(hasTag ? named.slice(0, colon) : named, text);
  const found = { registry, repository, ...(digest ? { digest } : {}) };
  return tag === undefined && !digest ? { ...found, tag: 'latest' } : tag === undefined ? found : { ...found, tag };
}

/** The whole form of a reference, `docker.io/library/alpine:3.10`. */
export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}

/** The host that serves a registry's API: Docker Hub's differs from its name. */
export function apiHost(registry: string): string {
  return registry === 'docker.io' ? 'registry-1.docker.io' : registry;
}

/** Whether a host, with or without a port, is this machine's loopback interface. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || name === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name);
}

function splitName(name: string, text: string): { registry: string; repository: string } {
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const isDomain = first.includes('.') || first.includes(':') || first === 'localhost' || first !== first.toLowerCase();
  const registry = isDomain ? checkedRegistry(first, text) : 'docker.io';
  const rest = isDomain ? name.slice(slash + 1) : name;
  if (/^[0-9a-f]{64}$/.test(rest) && !isDomain)
    throw invalid('a name of 64 hexadecimal digits means an image id, not a repository', text);
  const repository = registry === 'docker.io' && !rest.includes('/') ? `library/${rest}` : rest;
  if (repository.length > 255) throw invalid('the repository name has over 255 characters');
  if (!repository.split('/').every((component) => pathComponent.test(component))) {
    throw invalid('the repository name is malformed', text);
  }
  return { registry, repository };
}

function checkedRegistry(domain: string, text: string): string {
  const [, host = domain, port] = /^(.*?)(?::(\d{1,5}))?$/.exec(domain) ?? [];
  const isHost = domainName.test(host) || ipv6.test(host);
  if (!isHost || (port !== undefined && (Number(port) > 65535 || Number(port) === 0))) {
    throw invalid('the registry is not a host name with an optional port', text);
  }
  // The names under which Docker Hub is also known.
  return domain === 'index.docker.io' || domain === 'registry-1.docker.io' ? 'docker.io' : domain;
}

function invalid(message: string, text?: string): OciError {
  return new OciError(
    'reference_invalid',
    text === undefined ? message : `${JSON.stringify(text.slice(0, 200))}: ${message}`,
  );
}
