import { toJson } from '@bufbuild/protobuf';
import { type Image, ImageSchema, ImageService } from '@gabion/contracts/gabion/scan/v1/images_pb';
import { allPages, print } from './asking.ts';
import { severityNames } from './severity.ts';
import { scannerFor } from './solo-scanner.ts';
import { day, table } from './table.ts';

interface ListOptions {
  readonly data?: string;
  readonly json?: true;
  readonly vulnerability?: string;
  readonly package?: string;
  readonly packageVersion?: string;
  readonly prefix?: string;
}

/** Lists the images that have been scanned, all or those with a vulnerability or a package. */
export async function listImages(options: ListOptions): Promise<void> {
  await using scanner = await scannerFor(options.data);
  const asked = {
    vulnerabilityId: options.vulnerability ?? '',
    package: options.package ?? '',
    packageVersion: options.packageVersion ?? '',
    targetPrefix: options.prefix ?? '',
  };
  const found = await allPages(
    (pageToken) => scanner.client(ImageService).listImages({ ...asked, pageSize: 500, pageToken }, scanner.as),
    ({ images }) => images,
  );
  if (options.json) return print({ images: found.map(jsonOf) });
  process.stdout.write(imagesText(found));
}

/** Shows an image by its digest. */
export async function showImage(
  digest: string,
  options: { readonly data?: string; readonly json?: true },
): Promise<void> {
  await using scanner = await scannerFor(options.data);
  const image = await scanner.client(ImageService).getImage({ digest }, scanner.as);
  if (options.json) return print(jsonOf(image));
  process.stdout.write(imagesText([image]));
}

function jsonOf(image: Image) {
  return toJson(ImageSchema, image, { alwaysEmitImplicit: true });
}

function imagesText(images: readonly Image[]): string {
  if (images.length === 0) return 'No such image has been scanned.\n';
  const rows = images.map((image) => [
    (image.targets[0] ?? '').replace(/[\p{Cc}\p{Cf}]/gu, '\u{fffd}'),
    image.platform,
    ...severityNames.slice(0, 3).map((name) => String(image.severityCounts?.[name] ?? 0)),
    day(image.scanTime),
    image.digest,
  ]);
  return table(['IMAGE', 'PLATFORM', 'CRITICAL', 'HIGH', 'MEDIUM', 'SCANNED', 'DIGEST'], rows);
}
