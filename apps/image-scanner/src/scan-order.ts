import { createHash } from 'node:crypto';
import { create, toBinary } from '@bufbuild/protobuf';
import {
  type CreateScanRequest,
  CreateScanRequestSchema,
  FindingKind,
  type RegistryCredentials,
  ScanPriority,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Credentials } from '@gabion/oci/credentials';
import { OciError } from '@gabion/oci/oci-error';
import { parseReference } from '@gabion/oci/reference';
import { Fault } from '@gabion/rpc/fault';

/** What is to be scanned, checked. */
export interface ScanOrder {
  readonly source: /** `name` is what the scan is called where that differs from what is read. */
    | { readonly kind: 'registry'; readonly reference: string; readonly plainHttp: boolean; readonly name?: string }
    | { readonly kind: 'upload'; readonly uploadId: string };
  readonly platform: string;
  readonly credentials: Credentials | undefined;
  /** What to look for; everything when empty. */
  readonly kinds: readonly FindingKind[];
  readonly priority: ScanPriority;
  readonly lockFiles: boolean;
  /** The sweep or webhook that asks for it; empty for a call. */
  readonly origin: string;
}

/** Reads a request; throws the Fault that names the field which is not what it must be. */
export function orderFrom(request: CreateScanRequest): ScanOrder {
  const { platform, plainHttp, target } = request;
  const wanted = wantedIn(request);
  const credentials = request.credentials && credentialsFrom(request.credentials);
  if (target.case === 'uploadId') {
    if (credentials)
      throw invalid('credentials', 'unused', 'have no use here', 'an uploaded image needs no credentials');
    return { source: { kind: 'upload', uploadId: target.value.toLowerCase() }, platform, credentials, ...wanted };
  }
  if (target.case !== 'image' || !target.value)
    throw invalid('image', 'required', 'is missing', 'say what to scan: an image, or the id of an upload');
  const reference = checkedReference(target.value);
  return { source: { kind: 'registry', reference, plainHttp }, platform, credentials, ...wanted };
}

function wantedIn({ kinds, priority, lockFiles }: CreateScanRequest) {
  return {
    kinds: [...new Set(kinds)].filter((kind) => kind !== FindingKind.UNSPECIFIED).sort(),
    priority: priority === ScanPriority.UNSPECIFIED ? ScanPriority.INTERACTIVE : priority,
    lockFiles,
    origin: '',
  };
}

/** Stands for the request's content in the record of its idempotency key; secrets have no part in it. */
export function orderHash(request: CreateScanRequest): string {
  const { credentials: _, $typeName, $unknown, ...open } = request;
  const bytes = toBinary(CreateScanRequestSchema, create(CreateScanRequestSchema, open));
  return createHash('sha256').update(bytes).digest('hex');
}

function checkedReference(image: string): string {
  try {
    parseReference(image);
    return image;
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
    throw invalid('image', error.code, error.message, 'the image reference is malformed');
  }
}

/** Credentials of a request, which must be of one whole kind. */
export function credentialsFrom({ username, password, identityToken }: RegistryCredentials): Credentials {
  if (identityToken && !username && !password) return { identityToken };
  if (username && password && !identityToken) return { username, password };
  const needed = 'need a username and a password, or an identity token alone';
  throw invalid('credentials', 'credentials_incomplete', needed, 'the credentials are incomplete');
}

/** `about` says what is wrong altogether, `message` what is wrong with the field: clients show one after the other. */
function invalid(field: string, code: string, message: string, about: string): Fault {
  return new Fault('invalid_argument', about, { code, fields: [{ field, code, message }] });
}
