import { describe, expect, it } from '@jest/globals';
import type { Package } from '../package.ts';
import { onePerInstallation } from './installation.ts';

const at = (path: string, name: string, version: string, layerDiffId = 'a') =>
  ({ path, name, version, layerDiffId }) as Package;
const paths = (...packages: Package[]) => onePerInstallation(packages).map(({ path }) => path);

describe('onePerInstallation', () => {
  it('counts a program and its library once', () => {
    expect(
      paths(
        at('usr/local/lib/libpython3.11.so.1.0', 'python', '3.11.2'),
        at('usr/local/bin/python3.11', 'python', '3.11.2'),
      ),
    ).toEqual(['usr/local/bin/python3.11']);
  });

  it('keeps other places, versions and layers apart', () => {
    const packages = [
      at('usr/bin/python3.11', 'python', '3.11.2'),
      at('usr/local/bin/python3.11', 'python', '3.11.2'),
      at('usr/local/bin/python3.12', 'python', '3.12.0'),
      at('usr/local/lib/libpython3.11.so', 'python', '3.11.2', 'b'),
    ];
    expect(paths(...packages).length).toBe(4);
  });

  it('takes what a Java runtime says of itself over its launchers', () => {
    expect(
      paths(
        at('opt/jdk/bin/java', 'openjdk', '17.0.9+9'),
        at('opt/jdk/jre/bin/java', 'openjdk', '17.0.9+9'),
        at('opt/jdk/release', 'temurin', '17.0.9'),
        at('opt/other/bin/java', 'openjdk', '11.0.1+13'),
      ),
    ).toEqual(['opt/jdk/release', 'opt/other/bin/java']);
  });
});
