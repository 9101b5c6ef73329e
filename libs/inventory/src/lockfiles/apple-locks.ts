import { Declarations, type DeclaredParse } from '../declared.ts';
import { fieldsOf, jsonOf, listOf, objectOf, textIn } from '../document.ts';
import { linesOf } from '../lines.ts';
import { blockMapOf } from './block-map.ts';
import { type LockFile, maxPlain, named } from './lock-file.ts';

export const packageResolved: LockFile = {
  name: 'swift-resolved',
  type: 'swift',
  isNamed: named('Package.resolved'),
  maxBytes: maxPlain,
  parse: parsePackageResolved,
};

export const podfileLock: LockFile = {
  name: 'podfile-lock',
  type: 'cocoapods',
  isNamed: named('Podfile.lock'),
  maxBytes: maxPlain,
  parse: parsePodfileLock,
};

/** The packages of a Package.resolved of versions 1 to 3, named by their repository; branches have no version. */
export function parsePackageResolved(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const { pins, object } = objectOf(jsonOf(content));
  const declarations = new Declarations(path, warnings);
  for (const pin of listOf(pins ?? fieldsOf(object).pins)) {
    const { location, repositoryURL, state } = fieldsOf(pin);
    const name = repositoryName(textIn(location) ?? textIn(repositoryURL) ?? '');
    const version = textIn(fieldsOf(state).version);
    if (name && version) declarations.add(name, version);
  }
  return declarations.list;
}

/** `https://github.com/apple/swift-nio.git` and `git@github.com:apple/swift-nio.git` are `github.com/apple/swift-nio`. */
function repositoryName(url: string): string | undefined {
  const [, host, path] =
    /^(?:[a-z+]{1,20}:\/\/)?(?:[^@/\s]{1,100}@)?([^/:\s]{1,255})(?::\d{1,5})?[/:]+([^\s]{1,1000})$/.exec(url) ?? [];
  return host ? `${host.toLowerCase()}/${path!.replace(/\/$/, '').replace(/\.git$/, '')}` : undefined;
}

/** The pods of a Podfile.lock; a part of a pod, `GoogleUtilities/Logger`, is the pod. Those of directories are left out. */
export function parsePodfileLock(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const external = fieldsOf(blockMapOf(content)['EXTERNAL SOURCES']);
  const declarations = new Declarations(path, warnings);
  let section: string | undefined;
  for (const line of linesOf(content)) {
    if (/^[A-Z]/.test(line)) section = line;
    // What a pod needs stands two blanks deeper.
    const [, name, version] =
      /^ {2}- "?([^\s(/"]{1,256})(?:\/[^\s("]{0,256})? \(([^)\s]{1,256})\)"?:?$/.exec(line) ?? [];
    if (section !== 'PODS:' || !name || fieldsOf(external[name])[':path'] !== undefined) continue;
    declarations.add(name, version);
  }
  if (section === undefined) throw new TypeError('is no lock file of CocoaPods');
  return declarations.list;
}
