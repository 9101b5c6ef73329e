import { OciError, type OciErrorCode } from '@gabion/oci/oci-error';
import { RootfsError, type RootfsErrorCode } from '@gabion/rootfs/rootfs-error';
import { SbomError, type SbomErrorCode } from '@gabion/sbom/sbom-error';

/** How a scan can fail; stable, for programs. */
export type ScanErrorCode = OciErrorCode | RootfsErrorCode | SbomErrorCode | ServiceErrorCode;

type ServiceErrorCode =
  | 'layer_analysis_failed'
  | 'malware_engine_unavailable'
  | 'upload_gone'
  | 'disk_full'
  | 'replica_gone'
  | 'scan_crashed'
  | 'scan_timeout'
  | 'registry_credentials_missing'
  | 'registry_credentials_unavailable'
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

/** What the service says in its own words; a detail follows where there is one. */
const own: Readonly<Record<ServiceErrorCode, string>> = {
  layer_analysis_failed: 'the thread that analysed the layer did not come to an end',
  malware_engine_unavailable: 'an engine that looks for malware is configured and does not answer',
  upload_gone: 'the uploaded image is not there any more',
  disk_full: 'the disk of the service is full',
  replica_gone: 'the replica that holds what this scan needs has not been seen again',
  scan_crashed: 'the scan has brought down its worker again and again',
  scan_timeout: 'the scan took too long',
  registry_credentials_missing: 'the credentials of the registry are not kept any more: give them again',
  registry_credentials_unavailable: 'kms-secrets does not give out the credentials of the registry',
  internal: 'Gabion made a mistake; the log tells more under the id of the scan',
};

/** What goes before the words of an engine where those name the detail alone. */
const preambles: Readonly<Partial<Record<OciErrorCode | RootfsErrorCode, string>>> = {
  registry_refused: 'the registry did not behave as one',
  manifest_invalid: 'the image manifest or configuration is malformed',
  media_type_unknown: 'this is no image of a known type',
  layer_invalid: 'a layer is not a proper tar',
  name_too_long: 'a layer has a path that is too long',
  path_too_deep: 'a layer has a path that is too deep',
  device_node: 'a layer brings a device, which no image should',
};

/** The error with which a scan ends: one table for every engine. What nobody foresaw is `internal`, without its text. */
export function scanErrorOf(error: unknown): { code: ScanErrorCode; message: string } {
  if (error instanceof ScanFailure) return { code: error.code, message: told(own[error.code], error.message) };
  if (error instanceof OciError || error instanceof RootfsError)
    return { code: error.code, message: told(preambles[error.code], error.message) };
  if (error instanceof SbomError) return { code: error.code, message: told('the SBOM cannot be read', error.message) };
  if (error instanceof Error && (error as NodeJS.ErrnoException).code === 'ENOSPC')
    return { code: 'disk_full', message: own.disk_full };
  return { code: 'internal', message: own.internal };
}

function told(preamble: string | undefined, detail: string): string {
  const text = preamble ? `${preamble}: ${detail}` : detail;
  return text.length > 1000 ? `${text.slice(0, 999)}…` : text;
}
