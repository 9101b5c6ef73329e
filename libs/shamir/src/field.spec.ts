import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { inverse, multiply } from './field.ts';

/** By the definition: polynomials over GF(2), multiplied and then divided, with branches. */
function product(left: number, right: number): number {
  let long = 0;
  for (let bit = 0; bit < 8; bit++) if (right & (1 << bit)) long ^= left << bit;
  for (let bit = 14; bit >= 8; bit--) if (long & (1 << bit)) long ^= 0x11b << (bit - 8);
  return long;
}

describe('GF(2⁸)', () => {
  it('multiplies as FIPS 197 section 4.2 does', () => {
    expect(multiply(0x57, 0x83)).toBe(0xc1);
    expect(multiply(0x57, 0x13)).toBe(0xfe);
  });

  it('has one inverse for every number but 0', () => {
    const inverses = Array.from({ length: 255 }, (_, at) => inverse(at + 1));
    expect(inverses.every((each, at) => multiply(each, at + 1) === 1)).toBe(true);
    expect(new Set(inverses).size).toBe(255);
    expect(inverse(0)).toBe(0);
  });

  it('multiplies all pairs of numbers as the definition has it', () => {
    const wrong: [number, number][] = [];
    for (let left = 0; left < 256; left++)
      for (let right = 0; right < 256; right++)
        if (multiply(left, right) !== product(left, right)) wrong.push([left, right]);
    expect(wrong).toEqual([]);
  });

  // What the processor's cache and its guesses of branches tell is no part of what a function answers, so this looks at
  // how it is written: Vault's tables of logarithms told a neighbour the shares.
  it('CVE-2023-25000: has neither a table nor a branch on what it computes with', () => {
    const source = readFileSync(join(import.meta.dirname, 'field.ts'), 'utf8');
    const code = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    expect(code).not.toMatch(/\[|\bif\b|\?|&&|\|\||\bswitch\b|\bwhile\b|\bnew\b|\bimport\b/);
    const loops = [...code.matchAll(/for \(([^)]*)\)/g)].map(([, head]) => head);
    expect(loops).toEqual(['let bit = 0; bit < 8; bit++', 'let bit = 0; bit < 6; bit++']);
  });

  it('CVE-2023-25000: shares are joined and made without an index that is a share or a secret', () => {
    const code = readFileSync(join(import.meta.dirname, 'shares.ts'), 'utf8');
    const indices = [...code.matchAll(/[\w\])]\[([^\]]+)\]/g)].map(([, index]) => index);
    expect(new Set(indices)).toEqual(new Set(['secret.length', 'at', 'last', '0', 'i', 'length - 1', 'other']));
  });
});
