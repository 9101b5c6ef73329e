import { randomBytes, randomInt } from 'node:crypto';
import type { RotationWay } from './tables.ts';

export type GeneratedWay = Exclude<RotationWay, { readonly kind: 'hook' }>;

/** A random value as it was asked for; each character is as likely as any other. */
export function generated(way: GeneratedWay): Buffer {
  if (way.kind === 'bytes') return randomBytes(way.bytes);
  const { length, characters } = way;
  return Buffer.from(Array.from({ length }, () => characters.charCodeAt(randomInt(characters.length))));
}
