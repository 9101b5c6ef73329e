/** The attributes of a manifest's main section, names in lower case. */
export type Manifest = ReadonlyMap<string, string>;

const maxAttributes = 500;
const maxMainSection = 128 * 1024;

/** Reads the main section of `META-INF/MANIFEST.MF` (JAR File Specification): `Name: value`, continued after a space. */
export function parseManifest(content: Buffer): Manifest {
  const attributes = new Map<string, string>();
  let last = '';
  for (const line of content
    .toString('utf8', 0, maxMainSection)
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)) {
    if (line === '' && attributes.size > 0) break;
    if (line.startsWith(' ')) {
      attributes.set(last, (attributes.get(last) ?? '') + line.slice(1));
      continue;
    }
    const colon = line.indexOf(':');
    if (colon === -1 || attributes.size >= maxAttributes) continue;
    last = line.slice(0, colon).trim().toLowerCase();
    attributes.set(last, line.slice(colon + 1).trim());
  }
  return attributes;
}
