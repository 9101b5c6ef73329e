import type { InstalledPackage } from './lookups.ts';

/**
 * Whether the package is kernel headers, documentation or build tools: built from the kernel's source, but none of its
 * code runs, so the kernel's vulnerabilities are not theirs. `linux-libc-dev` is in every image that can compile.
 */
export function isKernelHeaders({ ecosystem, name, sourceName }: InstalledPackage): boolean {
  if (/^(?:Debian|Ubuntu|Echo)(?::|$)/.test(ecosystem))
    return /^linux(?:-|$)/.test(sourceName ?? '') && debian.test(name);
  if (/^(?:Alpine|Wolfi|Chainguard|MinimOS)(?::|$)/.test(ecosystem)) return name === 'linux-headers';
  return /^(?:kernel-(?:[a-z0-9]+-)?headers|kernel-doc|glibc-kernheaders|linux-glibc-devel)$/.test(name);
}

const debian = /^linux-(?:libc-dev|headers|kbuild|compiler|doc|source|manual|support|cpupower)(?:-|$)/;
