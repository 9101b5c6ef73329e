import { fileCataloguer } from '../file-cataloguer.ts';
import { parsePodfileLock } from '../lockfiles/apple-locks.ts';
import { maxPlain } from '../lockfiles/lock-file.ts';

/** Pods that CocoaPods installed: `Pods/Manifest.lock` is what it put beside it. */
export const podsCataloguer = fileCataloguer({
  name: 'pods',
  type: 'cocoapods',
  evidence: 'package-database',
  wants: (path) => (path.endsWith('Pods/Manifest.lock') ? maxPlain : undefined),
  parse: parsePodfileLock,
});
