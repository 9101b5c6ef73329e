import { createHash } from 'node:crypto';
import { licencesIn, parseExpression } from '@gabion/licences/expression';
import { normalise } from '@gabion/licences/normalise';
import type { ExtractedLicence } from './spdx-document.ts';

/** The licences that the packages of one document declare, with those that are not on the SPDX list. */
export class DeclaredLicences {
  readonly #extracted = new Map<string, ExtractedLicence>();

  get extracted(): ExtractedLicence[] {
    return [...this.#extracted.values()];
  }

  /** An SPDX expression of all the names, `AND` between them; names that mean nothing to SPDX get a reference. */
  expressionOf(names: readonly string[]): string {
    const given = [...new Set(names.map((name) => name.trim()).filter((name) => name !== ''))];
    const parts = [...new Set(given.map((name) => this.#reference(name)))];
    if (parts.length === 0) return 'NOASSERTION';
    return parts.length === 1
      ? parts[0]!
      : parts.map((part) => (part.includes(' ') ? `(${part})` : part)).join(' AND ');
  }

  #reference(name: string): string {
    const expression = normalise(name);
    if (expression === undefined) return this.#extract(nameReference(name), name);
    for (const { id } of licencesIn(parseExpression(expression)))
      if (id.startsWith('LicenseRef-')) this.#extract(id, name);
    return expression;
  }

  #extract(licenseId: string, name: string): string {
    if (!this.#extracted.has(licenseId))
      this.#extracted.set(licenseId, { licenseId, name: name.replace(/\s+/g, ' '), extractedText: name });
    return licenseId;
  }
}

function nameReference(name: string): string {
  const slug = name
    .replace(/[^A-Za-z0-9.-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 48);
  const isPlain = slug === name;
  return `LicenseRef-${slug}${isPlain ? '' : `-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`}`;
}
