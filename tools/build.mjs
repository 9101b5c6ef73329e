// Transpiles the package in the current folder: src/**/*.ts (and gen/**/*.ts) to dist/, and copies what is not TypeScript.
// Types are checked once for the whole tree by `tsc`; here only speed matters.
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { transform } from '@swc/core';

const options = {
  swcrc: false,
  configFile: false,
  sourceMaps: true,
  jsc: {
    target: 'esnext',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
    rewriteRelativeImportExtensions: true,
  },
  module: { type: 'es6' },
};

// Built beside and put in its place at the end: a process that runs from `dist` meanwhile never finds it half there.
const [draft, former] = [`dist.${process.pid}.new`, `dist.${process.pid}.old`];
await mkdir(draft, { recursive: true });
await Promise.all([emit('src', draft), emit('gen', join(draft, 'gen'))]);
await rename('dist', former).catch(() => {});
await rename(draft, 'dist');
await rm(former, { recursive: true, force: true });

async function emit(from, to) {
  const entries = await readdir(from, { recursive: true, withFileTypes: true }).catch(() => []);
  await Promise.all(
    entries
      .filter((entry) => entry.isFile() && !/\.spec\.ts$/.test(entry.name))
      .map(async (entry) => {
        const source = join(entry.parentPath, entry.name);
        const target = join(to, relative(from, source));
        await mkdir(dirname(target), { recursive: true });
        if (!entry.name.endsWith('.ts')) return cp(source, target);
        const { code, map } = await transform(await readFile(source, 'utf8'), {
          ...options,
          filename: source,
          sourceFileName: relative(dirname(target), source),
        });
        const js = target.replace(/\.ts$/, '.js');
        await writeFile(`${js}.map`, map);
        await writeFile(js, `${code}\n//# sourceMappingURL=${entry.name.replace(/\.ts$/, '.js')}.map\n`);
      }),
  );
}
