// The dependency rule of ARCHITECTURE.md, over what each package.json declares and what its files really import:
// composition → service → platform → engine → contract. Prints each breach and ends with exit code 1 if there is one.
import { fileURLToPath } from 'node:url';
import { breaches } from './breaches.mjs';
import { readTree } from './source-tree.mjs';

const root = process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url));
const found = breaches(await readTree(root));
for (const { at, message } of found) console.log(`${at}: ${message}`);
console.log(found.length === 0 ? 'boundaries hold' : `${found.length} breaches`);
process.exitCode = found.length === 0 ? 0 : 1;
