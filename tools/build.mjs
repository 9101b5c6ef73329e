// Transpiles the package in the current folder: src/**/*.ts (and gen/**/*.ts) to dist/, and copies what is not TypeScript.
// Types are checked once for the whole tree by `tsc`; here only speed matters.
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
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

await rm('dist', { recursive: true, force: true });
await Promise.all([
  emit('src', 'dist'),
  emit('gen', join('dist', 'gen')),
]);

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
        const { code, map } = await transform(await readFile(source, 'utf8'), { ...options, filename: source, sourceFileName: relative(dirname(target), source) });
        const js = target.replace(/\.ts$/, '.js');
        await writeFile(`${js}.map`, map);
        await writeFile(js, `${code}\n//# sourceMappingURL=${entry.name.replace(/\.ts$/, '.js')}.map\n`);
      }),
  );
}
