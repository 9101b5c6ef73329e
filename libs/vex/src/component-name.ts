import type { Component } from './statement.ts';

/** What an identifier names: a package URL, a digest, or the reference of an image. */
export function componentOf(identifiers: readonly string[], versions: readonly string[] = []): Component {
  const names = identifiers.map((name) => name.trim()).filter((name) => name !== '' && name.length <= 4096);
  const purls = names.filter((name) => /^pkg:/i.test(name));
  const digests = names.flatMap((name) => /^(?:sha256:)?([0-9a-f]{64})$/i.exec(name)?.[1] ?? []);
  return {
    purls,
    digests: digests.map((hex) => `sha256:${hex.toLowerCase()}`),
    references: names.filter((name) => isReference(name)),
    versions,
  };
}

/** Whether anything could be recognised by it. */
export function isNamed({ purls, digests, references }: Component): boolean {
  return purls.length + digests.length + references.length > 0;
}

// An IRI, a CPE or a bare word names no image.
function isReference(name: string): boolean {
  return (
    /^[a-z0-9.-]+(?::\d+)?(?:\/[a-z0-9._/-]+)+(?::[\w.-]{1,128})?(?:@sha256:[0-9a-f]{64})?$/.test(name) &&
    name.length < 1024
  );
}
