import type { Package } from '@gabion/inventory/package';
import { describe, expect, it } from '@jest/globals';
import { fixPlan, type Vulnerable } from './fix-plan.ts';

function pkg(
  type: Package['type'],
  ecosystem: string,
  name: string,
  version: string,
  more: Partial<Package> = {},
): Package {
  const own = { type, ecosystem, name, version, sourceName: name, sourceVersion: version, purl: '', path: 'p' };
  return {
    ...own,
    architecture: '',
    module: '',
    layerDiffId: 'l',
    evidence: 'package-database',
    licenses: [],
    ...more,
  };
}

function vulnerable(id: string, about: Package, fixedVersion?: string, more: Partial<Vulnerable> = {}): Vulnerable {
  return {
    vulnerabilityId: id,
    severity: 'medium',
    package: about,
    ...(fixedVersion !== undefined && { fixedVersion }),
    isExploited: false,
    epss: 0,
    ...more,
  };
}

const ssl = (name: string) =>
  pkg('deb', 'Debian:11', name, '1.1.1k-1', { sourceName: 'openssl', sourceVersion: '1.1.1k-1' });

describe('a fix plan', () => {
  it('upgrades the packages of one source together, to the version that mends all', () => {
    const { upgrades, commands } = fixPlan([
      vulnerable('CVE-1', ssl('libssl1.1'), '1.1.1n-0+deb11u5'),
      vulnerable('CVE-2', ssl('openssl'), '1.1.1n-0+deb11u10'),
      vulnerable('CVE-1', ssl('openssl'), '1.1.1n-0+deb11u5'),
    ]);
    expect(upgrades).toEqual([
      expect.objectContaining({
        name: 'openssl',
        packages: ['libssl1.1', 'openssl'],
        fixedVersion: '1.1.1n-0+deb11u10',
        vulnerabilityIds: ['CVE-1', 'CVE-2'],
        removes: expect.objectContaining({ medium: 2 }),
      }),
    ]);
    expect(commands[0]!.command).toBe('apt-get update && apt-get install -y --only-upgrade libssl1.1 openssl');
  });

  it('puts first what is exploited, then the most severe', () => {
    const low = vulnerable('CVE-1', pkg('npm', 'npm', 'a', '1.0.0'), '1.0.1', { severity: 'low', isExploited: true });
    const critical = vulnerable('CVE-2', pkg('npm', 'npm', 'b', '1.0.0'), '2.0.0', { severity: 'critical' });
    const highs = ['CVE-3', 'CVE-4'].map((id) =>
      vulnerable(id, pkg('npm', 'npm', 'c', '1.0.0'), '1.1.0', { severity: 'high' }),
    );
    expect(fixPlan([...highs, critical, low]).upgrades.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  it('tells what is left', () => {
    const plan = fixPlan([
      vulnerable('CVE-1', pkg('npm', 'npm', 'a', '1.0.0'), '1.0.1'),
      vulnerable('CVE-2', pkg('npm', 'npm', 'a', '1.0.0'), undefined, { severity: 'high' }),
    ]);
    expect(plan.unfixable).toBe(1);
    expect(plan.remaining).toMatchObject({ high: 1, medium: 0 });
  });

  it('keeps the same package in two places apart', () => {
    const at = (path: string) => vulnerable('CVE-1', pkg('npm', 'npm', 'a', '1.0.0', { path }), '1.0.1');
    expect(fixPlan([at('x'), at('y')]).upgrades.map(({ path }) => path)).toEqual(['x', 'y']);
  });

  it.each([
    ['rhel', '9.4', 'dnf upgrade -y bash'],
    ['centos', '7', 'yum update -y bash'],
    ['amzn', '2', 'yum update -y bash'],
    ['amzn', '2023', 'dnf upgrade -y bash'],
    ['sles', '15.5', 'zypper --non-interactive update bash'],
    ['photon', '5.0', 'tdnf update -y bash'],
  ])('speaks the package manager of %s %s', (id, version, command) => {
    const bash = pkg('rpm', 'Red Hat:9', 'bash', '5.1.8-6.el9');
    expect(fixPlan([vulnerable('CVE-1', bash, '5.1.8-9.el9')], { id, version }).commands[0]!.command).toBe(command);
  });

  it('says to build Go programs anew, with a newer toolchain where its library is at fault', () => {
    const plan = fixPlan([
      vulnerable('CVE-1', pkg('golang', 'Go', 'golang.org/x/net', 'v0.7.0'), '0.17.0'),
      vulnerable('CVE-2', pkg('golang', 'Go', 'stdlib', '1.20.1'), '1.20.8'),
    ]);
    expect(plan.commands).toEqual([
      {
        type: 'golang',
        command: 'go get golang.org/x/net@v0.17.0 && go mod tidy',
        note: 'Then build the program anew, with Go 1.20.8 or later.',
      },
    ]);
  });

  it('leaves nothing for a shell to run in a name', () => {
    const hostile = pkg('npm', 'npm', "x; rm -rf / #'$(id)", '1.0.0');
    const { command } = fixPlan([vulnerable('CVE-1', hostile, '1.0.1')]).commands[0]!;
    expect(command).toBe(`npm install 'x; rm -rf / #'\\''$(id)@1.0.1'`);
  });
});
