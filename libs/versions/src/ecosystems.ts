import { apkOrder } from './apk.ts';
import { bitnamiOrder } from './bitnami.ts';
import { composerOrder } from './composer.ts';
import { debianOrder } from './debian.ts';
import { gemOrder } from './gem.ts';
import { goOrder } from './go.ts';
import { mavenOrder } from './maven.ts';
import { npmOrder } from './npm.ts';
import { nugetOrder } from './nuget.ts';
import { cranOrder, hackageOrder } from './number-list.ts';
import type { VersionOrder } from './order.ts';
import { pacmanOrder } from './pacman.ts';
import { pep440Order } from './pep440.ts';
import { pubOrder } from './pub.ts';
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
  ['Alpaquita', apkOrder],
  ['BellSoft Hardened Containers', apkOrder],
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
  ['Pub', pubOrder],
  ['CRAN', cranOrder],
  ['Bioconductor', cranOrder],
  ['Hackage', hackageOrder],
  ['GHC', semverOrder],
  ['Julia', semverOrder],
  ['ConanCenter', semverOrder],
  ['Kubernetes', semverOrder],
  ['VSCode', semverOrder],
  ['opam', debianOrder],
  ['SwiftURL', semverOrder],
  ['Bitnami', bitnamiOrder],
  ['GitHub Actions', semverOrder],
]);

// What they rebuild stands behind their name: `Root:npm`, `Root:Debian:12`.
const rebuilders: ReadonlySet<string> = new Set(['CleanStart', 'Docker Hardened Images', 'Echo', 'Root', 'TuxCare']);

/** The version order of an OSV ecosystem (`npm`, `Debian:11`, `Alpine:v3.10`), or undefined where none is known. */
export function orderOf(ecosystem: string): VersionOrder | undefined {
  const colon = ecosystem.indexOf(':');
  if (colon < 0) return orders.get(ecosystem);
  const [name, release] = [ecosystem.slice(0, colon), ecosystem.slice(colon + 1)];
  return rebuilders.has(name) ? (orderOf(release) ?? orders.get(name)) : orders.get(name);
}
