import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ArtifactBlob, openArtifact } from '@gabion/oci/artifact';
import { dockerConfigCredentials } from '@gabion/oci/docker-config';
import { parseReference } from '@gabion/oci/reference';
import { FeedFailure } from './feed-failure.ts';
import { fileName } from './fetch-file.ts';
import type { Fetched, Fetching } from './fetching.ts';

/** A feed that is an artifact of a registry: every blob is a file of it, verified by its digest. */
export async function fetchArtifact(address: string, fetching: Fetching): Promise<Fetched> {
  const { registry, signal, maxBytes, backoff } = fetching;
  using source = openArtifact(parseReference(address.slice('oci:'.length)), {
    allowsAddress: registry.allowsAddress,
    proxyEnv: registry.proxyEnv,
    backoff,
    ...(registry.dockerConfigFile && { credentials: dockerConfigCredentials(registry.dockerConfigFile) }),
  });
  const artifact = await source.artifact(signal);
  if (fetching.validators[address]?.digest === artifact.digest) return { kind: 'unchanged', bytes: 0 };
  const total = artifact.blobs.reduce((sum, { size }) => sum + size, 0);
  if (total > maxBytes) throw new FeedFailure('feed_too_large', `over ${maxBytes} bytes are not taken`);
  const directory = join(fetching.directory, 'artifact');
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  let done = 0;
  for (const [index, blob] of artifact.blobs.entries()) {
    const bytes = await artifact.open(blob, signal);
    const counted = (async function* () {
      for await (const chunk of bytes) {
        done += chunk.length;
        fetching.onBytes?.(done, total);
        yield chunk;
      }
    })();
    await pipeline(counted, createWriteStream(join(directory, `${index}-${nameOf(blob)}`), { mode: 0o600 }), {
      signal,
    });
  }
  // A directory is not looked into for archives: an artifact of one blob is that file.
  const [only] = artifact.blobs;
  const path = artifact.blobs.length === 1 ? join(directory, `0-${nameOf(only!)}`) : directory;
  return { kind: 'whole', path, validators: { [address]: { digest: artifact.digest } }, bytes: done };
}

function nameOf({ title, mediaType }: ArtifactBlob): string {
  const ending = /\btar\b/.test(mediaType) ? '.tar' : '';
  return title === '' ? `blob${ending}` : fileName(title);
}
