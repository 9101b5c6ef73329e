import type { Analyzer } from '@gabion/rootfs/layer-contents';
import type { Cataloguer } from '../cataloguer.ts';
import { fileCataloguer } from '../file-cataloguer.ts';
import { baseName } from '../file-name.ts';
import { packageResolved, podfileLock } from './apple-locks.ts';
import { mixLock, rebarLock } from './beam-locks.ts';
import { bunLock, denoLock } from './bun-lock.ts';
import { cargoLock } from './cargo-lock.ts';
import { composerLock } from './composer-lock.ts';
import { conanLock } from './conan-lock.ts';
import { gemfileLock } from './gemfile-lock.ts';
import { goMod } from './go-mod.ts';
import { gradleLock, sbtLock } from './gradle-lock.ts';
import { cabalFreeze, stackLock } from './haskell-locks.ts';
import type { LockFile } from './lock-file.ts';
import { npmLock } from './npm-lock.ts';
import { msbuild, nugetConfig, nugetLock } from './nuget-lock.ts';
import { pipfileLock } from './pipfile-lock.ts';
import { pnpmLock } from './pnpm-lock.ts';
import { pom } from './pom.ts';
import { pubspecLock } from './pubspec-lock.ts';
import { poetryLock, pylock, uvLock } from './python-locks.ts';
import { requirements } from './requirements.ts';
import { juliaManifest, renvLock } from './science-locks.ts';
import { yarnLock } from './yarn-lock.ts';

/** Every format of lock files that is read. */
export const lockFiles: readonly LockFile[] = [
  npmLock,
  yarnLock,
  pnpmLock,
  bunLock,
  denoLock,
  requirements,
  pipfileLock,
  poetryLock,
  uvLock,
  pylock,
  gemfileLock,
  composerLock,
  cargoLock,
  goMod,
  gradleLock,
  sbtLock,
  pom,
  nugetLock,
  nugetConfig,
  msbuild,
  mixLock,
  rebarLock,
  pubspecLock,
  conanLock,
  packageResolved,
  podfileLock,
  renvLock,
  juliaManifest,
  stackLock,
  cabalFreeze,
];

/**
 * Directories in which lock files are those of installed packages, of their tests or of documentation: nobody installs
 * what they say.
 */
const foreign = new Set([
  'node_modules',
  'site-packages',
  'dist-packages',
  '.git',
  '.cargo',
  '.m2',
  '.pnpm-store',
  '.npm',
  '.nuget',
  'testdata',
]);
const foreignPaths = /(?:^|\/)(?:pkg\/mod|vendor\/bundle|gems\/[^/]+|specifications|share\/doc|vendor\/[^/]+\/[^/]+)\//;

/** What reads lock files: the dependencies a project asks for, which need not be what is installed. */
export function lockFileCataloguers(includeDev: boolean): readonly Cataloguer[] {
  return lockFiles.map((format) =>
    fileCataloguer({
      name: format.name,
      type: format.type,
      evidence: 'lock-file',
      wants: (path) => (format.isNamed(baseName(path)) && !isForeign(path) ? format.maxBytes : undefined),
      parse: format.parse,
      includeDev,
    }),
  );
}

/**
 * Keeps what lock files say, development dependencies included, whether or not they are asked for: a layer is read once.
 * One analyzer for all formats, which looks at the name of a file once.
 */
export const lockFileAnalyzer: Analyzer = {
  name: 'lock-files',
  wants(path) {
    const base = baseName(path);
    const format = lockFiles.find(({ isNamed }) => isNamed(base));
    return format && !isForeign(path) ? format.maxBytes : undefined;
  },
  reduce(path, content) {
    const analyzer = analyzers.find((each) => each.wants(path, content.length) !== undefined);
    return analyzer?.reduce?.(path, content) ?? content;
  },
};

const analyzers = lockFileCataloguers(true).flatMap((each) => each.analyzers ?? []);

function isForeign(path: string): boolean {
  return path.split('/').some((segment) => foreign.has(segment)) || foreignPaths.test(path);
}
