import { Catalogue } from '@gabion/oci/catalogue';
import { OciError } from '@gabion/oci/oci-error';
import { type OfferedImage, OfferedImages } from '@gabion/oci/offered-images';
import { distance, parsePlatform } from '@gabion/oci/platform';
import { parseReference } from '@gabion/oci/reference';
import type { RegistryOptions } from '@gabion/oci/registry';
import { letsIn } from './glob.ts';
import type { Scope } from './registry.ts';
import { latestTags } from './tag-order.ts';

/** Tags of one repository. */
const maxTags = 100_000;

/** Which registry is swept, and what of it. */
export interface Swept {
  readonly host: string;
  readonly scope: Scope;
}

/** The tags of a repository that the scope wants, or why they are not told. */
export async function tagsOf(
  { host, scope }: Swept,
  repository: string,
  options: RegistryOptions,
  signal: AbortSignal,
): Promise<{ tags: string[] } | { failure: unknown }> {
  try {
    using catalogue = new Catalogue(host, options);
    const tags = new Set<string>();
    let next: string | undefined;
    do {
      const page = await catalogue.tags(repository, next, signal);
      for (const tag of page.names)
        if (/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(tag) && letsIn(scope.tags, tag)) tags.add(tag);
      if (tags.size > maxTags) throw new OciError('listing_too_large', `${repository} has over ${maxTags} tags`);
      next = page.next;
    } while (next !== undefined);
    return { tags: latestTags([...tags], scope.latestTags) };
  } catch (failure) {
    if (signal.aborted) throw failure;
    // A repository whose last tag was deleted stays in the catalogue.
    if (failure instanceof OciError && failure.code === 'repository_not_found') return { tags: [] };
    return { failure };
  }
}

/** The images that a name stands for and the scope wants. What is no image (a chart, a signature) has none. */
export async function imagesAt(
  target: string,
  { platforms }: Scope,
  options: RegistryOptions,
  signal: AbortSignal,
): Promise<{ images: OfferedImage[]; failure?: unknown }> {
  try {
    const offered = new OfferedImages(parseReference(target), options);
    if (platforms.length === 0) return { images: [await offered.best(signal)] };
    const all = await offered.all(signal);
    if (platforms.includes('*')) return { images: all };
    const wanted = platforms.map(parsePlatform);
    const isWanted = ({ platform }: OfferedImage) =>
      platform !== undefined && wanted.some((each) => distance(each, platform) !== undefined);
    return { images: all.filter(isWanted) };
  } catch (failure) {
    if (signal.aborted) throw failure;
    const isNoImage = failure instanceof OciError && noImage.has(failure.code);
    return { images: [], ...(!isNoImage && { failure }) };
  }
}

const noImage: ReadonlySet<string> = new Set(['media_type_unknown', 'platform_not_found']);

/** Whether a name of a catalogue, which may say anything, is that of a repository. */
export function isRepository(host: string, name: string): boolean {
  try {
    const reference = parseReference(`${host}/${name}`);
    return reference.registry === host && reference.repository === name && reference.digest === undefined;
  } catch {
    return false;
  }
}
