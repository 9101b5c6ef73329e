import { Declarations, type DeclaredParse } from '../declared.ts';
import { fieldsOf, jsonOf, listOf, objectOf, textIn } from '../document.ts';
import { baseName } from '../file-name.ts';
import { linesOf } from '../lines.ts';
import { type LockFile, maxPlain, named } from './lock-file.ts';

export const gradleLock: LockFile = {
  name: 'gradle-lock',
  type: 'maven',
  isNamed: named('gradle.lockfile', 'buildscript-gradle.lockfile'),
  maxBytes: maxPlain,
  parse: parseGradleLock,
};

export const sbtLock: LockFile = {
  name: 'sbt-lock',
  type: 'maven',
  isNamed: named('build.sbt.lock'),
  maxBytes: maxPlain,
  parse: parseSbtLock,
};

/** The artifacts of a lock file of Gradle: `group:name:1.0=compileClasspath,runtimeClasspath`. */
export function parseGradleLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const declarations = new Declarations(path, warnings);
  const isBuild = baseName(path).startsWith('buildscript');
  for (const line of linesOf(content)) {
    const [, group, name, version, uses] = /^([^:=#\s]+):([^:=\s]+):([^:=\s]+)=(.*)$/.exec(line) ?? [];
    if (!group) continue;
    const isRun = uses!
      .split(',')
      .some(
        (use) =>
          !/^(?:test|androidTest|annotationProcessor|kotlin[A-Z]|detekt|ktlint|checkstyle|pmd|jacoco)/i.test(
            use.trim(),
          ),
      );
    declarations.add(`${group}:${name}`, version, { isDev: isBuild || !isRun });
  }
  return declarations.list;
}

/** The artifacts of a lock file of sbt-dependency-lock. */
export function parseSbtLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const declarations = new Declarations(path, warnings);
  for (const each of listOf(objectOf(jsonOf(content)).dependencies)) {
    const { org, name, version, configurations } = fieldsOf(each);
    if (!textIn(org) || !textIn(name)) continue;
    const uses = listOf(configurations);
    const isDev = uses.length > 0 && uses.every((use) => /^(?:test|it|scala-)/.test(String(use)));
    declarations.add(`${org}:${name}`, version, { isDev });
  }
  return declarations.list;
}
