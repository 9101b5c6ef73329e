import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { breaches } from '../breaches.mjs';
import { readTree } from '../source-tree.mjs';

let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'gabion-boundaries-'));
});

afterAll(() => rm(root, { recursive: true, force: true }));

describe('boundaries', () => {
  it('hold in a tree that keeps the rule', async () => {
    const found = await breachesIn({
      'libs/cvss/src/score.ts': `export const score = 1;`,
      'libs/rpc/src/fault.ts': `import { score } from '@gabion/cvss/score';\nexport const fault = score;`,
      'apps/gateway/src/service.ts': `import { fault } from '@gabion/rpc/fault';\nexport const start = fault;`,
      'apps/gabion/src/main.ts': `const { start } = await import('@gabion/gateway/service');\nexport { start };`,
    });
    expect(found).toEqual([]);
  });

  it.each([
    [
      'an engine that uses a platform library',
      'libs/cvss/src/a.ts',
      `import '@gabion/rpc/fault';`,
      /engine must not use platform/,
    ],
    ['an engine that knows a database', 'libs/cvss/src/a.ts', `import pg from 'pg';`, /engines are pure/],
    ['an engine with a network of its own', 'libs/cvss/src/a.ts', `import { get } from 'node:http';`, /no network/],
    ['an engine that reads the clock', 'libs/cvss/src/a.ts', `export const now = Date.now();`, /reads the clock/],
    [
      'a service that uses another',
      'apps/gateway/src/a.ts',
      `import type { X } from '@gabion/identity/service';`,
      /only the composition/,
    ],
    [
      'a library that uses a service by a dynamic import',
      'libs/rpc/src/a.ts',
      `await import('@gabion/identity/service');`,
      /only the composition/,
    ],
    ['code that uses the testkit', 'libs/rpc/src/a.ts', `import '@gabion/testkit/images';`, /only tests/],
    ['an import that is not declared', 'libs/rpc/src/a.ts', `import 'left-pad';`, /not declared/],
    ['a path out of the package', 'libs/rpc/src/a.ts', `import '../../cvss/src/score.ts';`, /leaves the package/],
    ['an import without an extension', 'libs/rpc/src/a.ts', `import './fault';`, /extension/],
    ['a default export', 'libs/rpc/src/a.ts', `export default 1;`, /default export/],
    ['a barrel', 'libs/rpc/src/index.ts', `export * from './fault.ts';\nexport { x } from './x.ts';`, /only exports/],
    ['a library of no layer', 'libs/helpers/src/a.ts', 'export const a = 1;', /no known layer/],
  ])('refuse %s', async (_what, path, source, message) => {
    const found = await breachesIn({ [path]: source }, { undeclared: ['left-pad'] });
    expect(found.map((each: { message: string }) => each.message)).toContainEqual(expect.stringMatching(message));
  });

  it('let tests use what only tests declare', async () => {
    const found = await breachesIn(
      { 'libs/rpc/test/a.spec.ts': `import '@gabion/testkit/images';\nimport { it } from '@jest/globals';` },
      { dev: true },
    );
    expect(found).toEqual([]);
  });
});

/** Writes packages whose package.json declares what their files import, and answers where they break the rule. */
async function breachesIn(files: Record<string, string>, { undeclared = [] as string[], dev = false } = {}) {
  const here = await mkdtemp(join(root, 'tree-'));
  const others = ['libs/rpc', 'libs/cvss', 'libs/testkit', 'apps/identity', 'apps/gateway'];
  for (const folder of new Set([...others, ...Object.keys(files).map(folderOf)])) {
    const own = Object.entries(files).filter(([path]) => folderOf(path) === folder);
    const used = own.flatMap(([, source]) =>
      [...source.matchAll(/['"]((?:@[^/'"]+\/)?[a-z][^/'"]*)/g)].map(([, name]) => name!),
    );
    const declared = Object.fromEntries(used.filter((name) => !undeclared.includes(name)).map((name) => [name, '*']));
    const name = `@gabion/${folder.split('/')[1]}`;
    await put(
      join(here, folder, 'package.json'),
      JSON.stringify({ name, [dev ? 'devDependencies' : 'dependencies']: declared }),
    );
    for (const [path, source] of own) await put(join(here, path), source);
  }
  return breaches(await readTree(here));
}

function folderOf(path: string): string {
  return path.split('/').slice(0, 2).join('/');
}

async function put(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
