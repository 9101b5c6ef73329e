/** Bytes of base64, broken into lines or not; undefined for other text. */
export function base64In(text: string): Buffer | undefined {
  const written = text.replaceAll(/\s+/g, '').replace(/={1,2}$/, '');
  const bytes = Buffer.from(written, 'base64');
  return base64Of(bytes).replace(/=+$/, '') === written ? bytes : undefined;
}

export function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
