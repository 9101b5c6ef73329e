import type { ListImagePlatformsRequest } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { OciError } from '@gabion/oci/oci-error';
import { OfferedImages, platformText } from '@gabion/oci/offered-images';
import { parseReference } from '@gabion/oci/reference';
import { Fault, type FaultKind } from '@gabion/rpc/fault';
import { scanErrorOf } from '../scan-errors.ts';
import { credentialsFrom } from '../scan-order.ts';
import type { RegistryAccess } from './registry-access.ts';

/** Tells the platforms of images without scanning them. */
export class ImagePlatforms {
  constructor(private readonly access: RegistryAccess) {}

  async list({ image, credentials, plainHttp }: ListImagePlatformsRequest, signal: AbortSignal) {
    const given = credentials && credentialsFrom(credentials);
    try {
      const reference = parseReference(image);
      const asked = { ...(given && { credentials: given }), plainHttp };
      const options = await this.access.optionsFor(reference.registry, asked);
      const images = await new OfferedImages(reference, options).all(signal);
      return { platforms: images.map((each) => ({ platform: platformText(each), manifestDigest: each.digest })) };
    } catch (error) {
      if (!(error instanceof OciError)) throw error;
      const { code, message } = scanErrorOf(error);
      throw new Fault(kinds[error.code] ?? 'failed_precondition', message, { code });
    }
  }
}

const kinds: Readonly<Partial<Record<OciError['code'], FaultKind>>> = {
  reference_invalid: 'invalid_argument',
  image_not_found: 'not_found',
  registry_unavailable: 'unavailable',
  rate_limited: 'unavailable',
};
