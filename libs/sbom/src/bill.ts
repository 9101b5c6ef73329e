import type { Package } from '@gabion/inventory/package';
import type { OperatingSystem } from '@gabion/inventory/system/os-release';

/** What an SBOM tells of: a target and what is in it. The result of a scan is one. */
export interface Bill {
  /** As the user named it: `registry.example/app:1.2`. */
  readonly target: string;
  readonly targetKind: 'image' | 'file-system' | 'sbom';
  /** `sha256:…` of the image manifest. */
  readonly imageDigest?: string;
  readonly platform?: string;
  readonly operatingSystem?: OperatingSystem;
  readonly layers: readonly { readonly digest: string; readonly diffId: string }[];
  readonly packages: readonly Package[];
  readonly scanner: { readonly name: string; readonly version: string };
}

/** What an SBOM has of its own; all else follows from the bill, so that the same arguments make the same document. */
export interface Issue {
  /** A UUID: the serial number of CycloneDX, and part of the namespace of SPDX. */
  readonly serialNumber: string;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** A package URL of the image itself (purl-spec, type `oci`), where it has a digest. */
export function imagePurl({ target, targetKind, imageDigest, platform }: Bill): string | undefined {
  if (targetKind !== 'image' || !imageDigest) return undefined;
  const [repository = ''] = target.split('@');
  const bare = repository.replace(/:[^/:]*$/, '');
  const name = bare.split('/').at(-1)!.toLowerCase();
  if (!/^[a-z0-9._-]+$/.test(name)) return undefined;
  const tag = /:([^/:]+)$/.exec(repository)?.[1] ?? '';
  const architecture = platform?.split('/')[1] ?? '';
  const qualifiers = Object.entries({ arch: architecture, repository_url: bare.toLowerCase(), tag })
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  return `pkg:oci/${name}@${encodeURIComponent(imageDigest)}?${qualifiers.join('&')}`;
}
