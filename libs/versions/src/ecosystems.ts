import { apkOrder } from './apk.ts';
import { bitnamiOrder } from './bitnami.ts';
import { composerOrder } from './composer.ts';
import { debianOrder } from './debian.ts';
import { gemOrder } from './gem.ts';
import { goOrder } from './go.ts';
import { mavenOrder } from './maven.ts';
import { npmOrder } from './npm.ts';
import { nugetOrder } from './nuget.ts';
import type { VersionOrder } from './order.ts';
import { pacmanOrder } from './pacman.ts';
import { pep440Order } from './pep440.ts';
import { rpmOrder } from './rpm.ts';
import { semverOrder } from './semver.ts';

// Names as OSV defines them; what follows a colon (`Debian:11`) is the release and does not change the order.
const orders: ReadonlyMap<string, VersionOrder> = new Map([
  ['Debian', debianOrder],
  ['Ubuntu', debianOrder],
  ['Echo', debianOrder],
  ['Alpine', apkOrder],
  ['Wolfi', apkOrder],
  ['Chainguard', apkOrder],
  ['MinimOS', apkOrder],
  ['npm', npmOrder],
  ['Red Hat', rpmOrder],
  ['AlmaLinux', rpmOrder],
  ['Rocky Linux', rpmOrder],
  ['Oracle Linux', rpmOrder],
  ['Amazon Linux', rpmOrder],
  ['Fedora', rpmOrder],
  ['CentOS', rpmOrder],
  ['CentOS Stream', rpmOrder],
  ['Anolis OS', rpmOrder],
  ['Alibaba Cloud Linux', rpmOrder],
  ['SUSE', rpmOrder],
  ['openSUSE', rpmOrder],
  ['openSUSE Leap', rpmOrder],
  ['openSUSE Tumbleweed', rpmOrder],
  ['openEuler', rpmOrder],
  ['Mageia', rpmOrder],
  ['Photon OS', rpmOrder],
  ['Azure Linux', rpmOrder],
  ['Mariner', rpmOrder],
  ['PyPI', pep440Order],
  ['Maven', mavenOrder],
  ['Go', goOrder],
  ['RubyGems', gemOrder],
  ['crates.io', semverOrder],
  ['Packagist', composerOrder],
  ['NuGet', nugetOrder],
  ['Arch', pacmanOrder],
  ['Arch Linux', pacmanOrder],
  ['Hex', semverOrder],
  ['Pub', semverOrder],
  ['SwiftURL', semverOrder],
  ['Bitnami', bitnamiOrder],
  ['GitHub Actions', semverOrder],
]);

/** The version order of an OSV ecosystem (`npm`, `Debian:11`, `Alpine:v3.10`), or undefined where none is known. */
export function orderOf(ecosystem: string): VersionOrder | undefined {
  const colon = ecosystem.indexOf(':');
  return orders.get(colon < 0 ? ecosystem : ecosystem.slice(0, colon));
}
