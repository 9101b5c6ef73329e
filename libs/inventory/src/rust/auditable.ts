import { inflateSync } from 'node:zlib';
import { readExecutable, sectionOf } from '../elf/executable.ts';
import type { NotedPackage } from '../noted.ts';

/** Bounds of `auditable-extract`, the reader of the format's authors, are 8 and 64 MiB; programs have some 10 KiB. */
const maxPacked = 1024 * 1024;
const maxUnpacked = 16 * 1024 * 1024;
const maxCrates = 20_000;

/**
 * The crates that a Rust program was built from, as `cargo auditable` writes them into its section `.dep-v0`: JSON,
 * packed by zlib. Undefined when there is no such section, or none that can be read. Never throws.
 */
export function auditableCrates(bytes: Buffer): NotedPackage[] | undefined {
  const executable = readExecutable(bytes);
  const section = executable && sectionOf(executable, '.dep-v0');
  if (!section || section.length > maxPacked) return undefined;
  try {
    const { packages } = JSON.parse(inflateSync(section, { maxOutputLength: maxUnpacked }).toString());
    return Array.isArray(packages) ? packages.slice(0, maxCrates).flatMap(crate) : undefined;
  } catch {
    return undefined;
  }
}

/** Crates of build scripts and macros (`kind: build`) ran on the machine that built the program and are not in it. */
function crate(entry: unknown): NotedPackage[] {
  if (typeof entry !== 'object' || entry === null) return [];
  const { name, version, source, kind } = entry as Record<string, unknown>;
  if (typeof name !== 'string' || typeof version !== 'string' || kind === 'build') return [];
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(name) || !/^\d[0-9A-Za-z.+-]{0,127}$/.test(version)) return [];
  // Of git, another registry or a directory: the name is not that of crates.io, whose crates the advisories speak of.
  return [{ name, version, ...(source !== 'crates.io' && { isUnjudged: true as const }) }];
}
