import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const current = require('spdx-license-ids') as readonly string[];
const deprecated = require('spdx-license-ids/deprecated') as readonly string[];
const exceptions = require('spdx-exceptions') as readonly string[];

// SPDX 2.3, annex D.2: identifiers are compared without regard to case.
const licenceIds = new Map([...deprecated, ...current].map((id) => [id.toLowerCase(), id]));
const exceptionIds = new Map(exceptions.map((id) => [id.toLowerCase(), id]));

/** All identifiers of the SPDX licence list. */
export const allLicenceIds: readonly string[] = [...licenceIds.values()];

/** The identifier of the SPDX licence list in its own spelling; deprecated ones are identifiers too. */
export function licenceId(text: string): string | undefined {
  return licenceIds.get(text.toLowerCase());
}

/** The identifier of the SPDX list of exceptions in its own spelling. */
export function exceptionId(text: string): string | undefined {
  return exceptionIds.get(text.toLowerCase());
}
