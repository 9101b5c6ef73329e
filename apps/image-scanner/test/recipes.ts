import type { LayerEntry } from '@gabion/testkit/layer-tar';

type Layer = readonly LayerEntry[];

/** A Debian 11 base: os-release and a package database. */
export function debianLayer(packages: readonly { name: string; version: string; source?: string }[]): Layer {
  return [
    { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="11"\nPRETTY_NAME="Debian GNU/Linux 11 (bullseye)"\n' },
    { path: 'var/lib/dpkg/status', content: dpkgStatus(packages) },
  ];
}

export function dpkgStatus(packages: readonly { name: string; version: string; source?: string }[]): string {
  return packages
    .map(({ name, version, source }) =>
      [
        `Package: ${name}`,
        'Status: install ok installed',
        'Architecture: amd64',
        ...(source ? [`Source: ${source}`] : []),
        `Version: ${version}`,
        '',
      ].join('\n'),
    )
    .join('\n');
}

/** An Alpine 3.10 base. */
export function alpineLayer(packages: readonly { name: string; version: string; origin?: string }[]): Layer {
  const database = packages.map(({ name, version, origin }) =>
    [`P:${name}`, `V:${version}`, 'A:x86_64', `o:${origin ?? name}`, 'L:MIT', ''].join('\n'),
  );
  return [
    { path: 'etc/os-release', content: 'ID=alpine\nVERSION_ID=3.10.9\nPRETTY_NAME="Alpine Linux v3.10"\n' },
    { path: 'lib/apk/db/installed', content: database.join('\n') },
  ];
}

/** An installed npm package. */
export function npmPackage(name: string, version: string, root = 'app/node_modules'): LayerEntry {
  return { path: `${root}/${name}/package.json`, content: JSON.stringify({ name, version, license: 'MIT' }) };
}
