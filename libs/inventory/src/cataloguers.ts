import type { Cataloguer } from './cataloguer.ts';
import { npmCataloguer } from './npm/npm.ts';
import { apkCataloguer } from './system/apk.ts';
import { dpkgCataloguer } from './system/dpkg.ts';

/** All that looks for packages, in the order of its packages' weight: the system's own first. */
export const cataloguers: readonly Cataloguer[] = [dpkgCataloguer, apkCataloguer, npmCataloguer];
