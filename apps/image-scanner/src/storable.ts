/** Text of an image as PostgreSQL takes it: without NUL, and bounded, for whoever built the image chose it. */
export function storable(text: string, most = 4096): string {
  return text.slice(0, most).replaceAll('\0', '\ufffd').toWellFormed();
}
