/** A content digest of the OCI image specification, checked: `sha256:` or `sha512:` and lower-case hexadecimal. */
export type Digest = `${'sha256' | 'sha512'}:${string}`;

/** Whether a text is a digest that can be verified here. */
export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/.test(text);
}

/** The algorithm and the hexadecimal part of a digest. */
export function partsOf(digest: Digest): { algorithm: 'sha256' | 'sha512'; hex: string } {
  const [algorithm, hex] = digest.split(':') as ['sha256' | 'sha512', string];
  return { algorithm, hex };
}
