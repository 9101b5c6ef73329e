import { imageManifestTypes, indexTypes } from '@gabion/oci/manifest';

/** An image that was pushed, in the words of the registry that tells of it; nothing of it is checked yet. */
export interface Push {
  /** Tells it from other events; the same when it is told again. */
  readonly event: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  /** Where the registry says that it is; empty where it does not. */
  readonly host: string;
}

/** What an event comes to: pushes, and how many of its parts are none. */
export interface Told {
  readonly pushes: readonly Push[];
  readonly ignored: number;
}

type Json = Readonly<Record<string, unknown>>;

/** Reads what a registry sends, by its form: what is of no known form tells of no push. */
export function pushesIn(event: unknown): Told {
  const json = object(event);
  if (Array.isArray(json.events)) return all(json.events, distributionPush);
  const harbor = harborEvent(json);
  if (harbor) return harbor;
  if (json.push_data !== undefined) return all([json], dockerHubPush);
  if (object(json.registry_package ?? json.package).package_version !== undefined) return all([json], packagePush);
  if (object(json.target).repository !== undefined) return all([json], azurePush);
  if (json.docker_url !== undefined && Array.isArray(json.updated_tags))
    return all(json.updated_tags, (tag) => quayPush(json, tag));
  return { pushes: [], ignored: 1 };
}

function all(parts: readonly unknown[], read: (part: Json, raw: unknown) => Push | undefined): Told {
  const pushes = parts.map((part) => read(object(part), part)).filter((push) => push !== undefined);
  return { pushes, ignored: parts.length - pushes.length };
}

/** CNCF Distribution, "Notifications": pushes of manifests; those of blobs and pulls are none. */
function distributionPush(event: Json): Push | undefined {
  const target = object(event.target);
  if (event.action !== 'push' || !isImage(text(target.mediaType))) return undefined;
  const found = { repository: text(target.repository), tag: text(target.tag), digest: text(target.digest) };
  return { event: text(event.id), ...found, host: text(object(event.request).host) || hostOf(text(target.url)) };
}

/** Harbor's webhook, in its own form and as a CloudEvent. */
function harborEvent(json: Json): Told | undefined {
  const type = text(json.type).toLowerCase();
  const isCloudEvent = json.specversion !== undefined && type.startsWith('harbor.');
  const data = object(isCloudEvent ? json.data : json.event_data);
  if (!isCloudEvent && json.event_data === undefined) return undefined;
  if (type !== 'push_artifact' && type !== 'harbor.artifact.pushed') return { pushes: [], ignored: 1 };
  const { repo_full_name: repository } = object(data.repository);
  const resources = Array.isArray(data.resources) ? data.resources : [];
  return all(resources, (resource) => {
    const digest = text(resource.digest);
    const tag = text(resource.tag) === digest ? '' : text(resource.tag);
    const event = isCloudEvent ? `${text(json.id)} ${digest} ${tag}` : '';
    const found = { event: event || `${text(json.occur_at)} ${text(repository)} ${tag} ${digest}` };
    return { ...found, repository: text(repository), tag, digest, host: hostOf(text(resource.resource_url)) };
  });
}

function dockerHubPush(json: Json): Push | undefined {
  const { tag, pushed_at: time } = object(json.push_data);
  const repository = text(object(json.repository).repo_name);
  if (repository === '' || text(tag) === '') return undefined;
  const event = `${repository} ${text(tag)} ${typeof time === 'number' ? time : text(time)}`;
  return { event, repository, tag: text(tag), digest: '', host: 'docker.io' };
}

/** Azure Container Registry: `action` is push of an image, chart_push of what is none. */
function azurePush(json: Json): Push | undefined {
  const target = object(json.target);
  if (json.action !== 'push' || !isImage(text(target.mediaType))) return undefined;
  const host = text(object(json.request).host);
  const found = { repository: text(target.repository), tag: text(target.tag), digest: text(target.digest) };
  return { event: text(json.id), ...found, host };
}

/** GitHub's container registry: `registry_package`, published or updated. */
function packagePush(json: Json): Push | undefined {
  const found = object(json.registry_package ?? json.package);
  const version = object(found.package_version);
  const { name, digest } = object(object(version.container_metadata).tag);
  const isContainer = text(found.package_type || found.ecosystem).toLowerCase() === 'container';
  if (!isContainer || !['published', 'updated'].includes(text(json.action))) return undefined;
  const repository = `${text(found.namespace)}/${text(found.name)}`.toLowerCase();
  const event = `${repository} ${text(name)} ${text(digest)} ${text(version.updated_at)}`;
  return { event, repository, tag: text(name), digest: text(digest), host: 'ghcr.io' };
}

/** Quay says no time and no id: only a digest or a tag that changes could tell two pushes apart, so none is left out. */
function quayPush(json: Json, tag: unknown): Push | undefined {
  const [host = '', ...path] = text(json.docker_url).split('/');
  return { event: '', repository: path.join('/'), tag: text(tag), digest: '', host };
}

function isImage(mediaType: string): boolean {
  const type = mediaType.split(';')[0]!.trim();
  return ([...imageManifestTypes, ...indexTypes] as readonly string[]).includes(type);
}

/** "registry:5000" of a URL, or of a reference. */
function hostOf(url: string): string {
  const full = url.includes('://') ? url : `https://${url}`;
  return url !== '' && URL.canParse(full) ? new URL(full).host : '';
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
