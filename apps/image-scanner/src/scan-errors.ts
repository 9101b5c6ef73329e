import { OciError, type OciErrorCode } from '@gabion/oci/oci-error';
import { RootfsError, type RootfsErrorCode } from '@gabion/rootfs/rootfs-error';

/** How a scan can fail; stable, for programs. */
export type ScanErrorCode = OciErrorCode | RootfsErrorCode | ServiceErrorCode;

type ServiceErrorCode =
  | 'registry_address_refused'
  | 'registry_name_unresolved'
  | 'upload_gone'
  | 'disk_full'
  | 'replica_gone'
  | 'scan_crashed'
  | 'scan_timeout'
  | 'internal';

/** A scan that ends without a result, for a reason of the service itself. */
export class ScanFailure extends Error {
  override readonly name = 'ScanFailure';

  constructor(
    readonly code: ServiceErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What each code means, for people; the detail follows. */
const meanings: Readonly<Record<ScanErrorCode, string>> = {
  reference_invalid: 'the image reference is malformed',
  reference_ambiguous: 'the archive holds several images and the reference does not choose one',
  image_not_found: 'the registry has no such image',
  unauthorized: 'the registry wants credentials, or does not accept those it was given',
  forbidden: 'the registry does not let these credentials read the image',
  rate_limited: 'the registry asks to slow down; try again later',
  registry_unavailable: 'the registry cannot be reached',
  registry_refused: 'the registry answered in a way that no registry should',
  plain_http_refused: 'this would go over plain HTTP, which was not asked for',
  credentials_invalid: 'the configured credentials cannot be read',
  manifest_invalid: 'the image manifest or configuration is malformed',
  manifest_too_large: 'the image manifest or configuration is too large',
  media_type_unknown: 'the reference is not an image of a known type',
  schema1_unsupported: 'the image is of Docker schema 1, which registries no longer take either',
  platform_not_found: 'there is no image for this platform',
  blob_digest_mismatch: 'content does not have the digest that the image names: it is damaged or was tampered with',
  blob_size_mismatch: 'content is longer than the image says',
  blob_truncated: 'content ends too early',
  blob_not_found: 'the registry lacks content that the image names',
  diff_id_mismatch: 'a layer does not unpack to what the image configuration names',
  layer_corrupt: 'a layer cannot be unpacked',
  layer_too_large: 'a layer is over the size limit',
  compression_ratio_exceeded: 'a layer unpacks to so many times its size that it is taken for a bomb',
  archive_invalid: 'the archive is neither an OCI layout nor from docker save',
  archive_too_large: 'the archive unpacks to more than the limit',
  path_escapes: 'a path leads out of the image',
  layer_invalid: 'a layer is not a proper tar',
  layer_truncated: 'a layer ends too early',
  layer_contents_too_large: 'a layer has too much in it that would have to be kept',
  too_many_entries: 'a layer has too many entries',
  name_too_long: 'a layer has a path that is too long',
  path_too_deep: 'a layer has a path that is too deep',
  link_escapes: 'a link leads out of the image',
  device_node: 'a layer brings a device, which no image should',
  registry_address_refused: 'the registry is at an address that is not to be reached',
  registry_name_unresolved: 'the name of the registry is not known',
  upload_gone: 'the uploaded image is not there any more',
  disk_full: 'the disk of the service is full',
  replica_gone: 'the replica that holds what this scan needs has not been seen again',
  scan_crashed: 'the scan has brought down its worker again and again',
  scan_timeout: 'the scan took too long',
  internal: 'Gabion made a mistake; the log tells more under the id of the scan',
};

/** The error with which a scan ends: one table for every engine. What nobody foresaw is `internal`, without its text. */
export function scanErrorOf(error: unknown): { code: ScanErrorCode; message: string } {
  if (error instanceof OciError || error instanceof RootfsError || error instanceof ScanFailure)
    return { code: error.code, message: told(meanings[error.code], error.message) };
  if (error instanceof Error && (error as NodeJS.ErrnoException).code === 'ENOSPC')
    return { code: 'disk_full', message: meanings.disk_full };
  return { code: 'internal', message: meanings.internal };
}

function told(meaning: string | undefined, detail: string): string {
  const text = meaning ? `${meaning}: ${detail}` : detail;
  return text.length > 1000 ? `${text.slice(0, 999)}…` : text;
}
