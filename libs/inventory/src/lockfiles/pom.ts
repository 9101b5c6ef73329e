import { Declarations, type DeclaredParse } from '../declared.ts';
import { type Element, xmlOf } from '../document.ts';
import { type LockFile, named } from './lock-file.ts';

export const pom: LockFile = {
  name: 'pom',
  type: 'maven',
  isNamed: named('pom.xml'),
  maxBytes: 4 * 1024 * 1024,
  parse: parsePom,
};

/** Properties may name properties. */
const maxSubstitutions = 20;

interface Project {
  readonly properties: ReadonlyMap<string, string>;
  readonly managed: ReadonlyMap<string, Element>;
}

/**
 * The project of a pom.xml and those dependencies whose versions the file says itself, with its properties and its
 * `dependencyManagement`; parents and imported BOMs are other files.
 */
export function parsePom(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const root = xmlOf(content);
  if (root.name !== 'project') throw new TypeError('is no project of Maven');
  const declarations = new Declarations(path, warnings);
  const project = { properties: propertiesOf(root), managed: managedIn(root) };
  const { properties } = project;
  addCoordinates(
    declarations,
    ['groupId', 'artifactId', 'version'].map((part) => properties.get(`project.${part}`) ?? ''),
  );
  for (const dependency of dependenciesIn(root)) addDependency(declarations, dependency, project);
  return declarations.list;
}

function addDependency(declarations: Declarations, dependency: Element, { properties, managed }: Project): void {
  const base = managed.get(keyOf(dependency));
  const field = (name: string) =>
    resolved(textOfChild(dependency, name) || (base && textOfChild(base, name)), properties);
  const scope = field('scope');
  addCoordinates(declarations, [field('groupId'), field('artifactId'), field('version')], scope === 'test');
}

/** Coordinates with an open property or a range of versions say nothing. */
function addCoordinates(declarations: Declarations, parts: readonly string[], isDev = false): void {
  const [group, artifact, version] = parts;
  const exact = /^\[([^,\]]+)\]$/.exec(version!)?.[1] ?? version!;
  if (parts.some((part) => part === '' || part.includes('${')) || /[[\](),]/.test(exact)) return;
  declarations.add(`${group}:${artifact}`, exact, { isDev });
}

function propertiesOf(root: Element): Map<string, string> {
  const parent = child(root, 'parent');
  const own = (name: string) =>
    textOfChild(root, name) || (parent && name !== 'artifactId' ? textOfChild(parent, name) : '');
  const properties = new Map<string, string>();
  for (const { name, text } of child(root, 'properties')?.children ?? []) properties.set(name, text.trim());
  for (const name of ['groupId', 'artifactId', 'version']) {
    if (parent) properties.set(`project.parent.${name}`, textOfChild(parent, name));
    for (const prefix of ['project.', 'pom.']) properties.set(prefix + name, own(name));
  }
  // A version may be a property itself: `${revision}`.
  for (const name of ['project.groupId', 'project.artifactId', 'project.version']) {
    properties.set(name, resolved(properties.get(name), properties));
  }
  return properties;
}

function resolved(text: string | undefined, properties: ReadonlyMap<string, string>): string {
  let value = text ?? '';
  for (let i = 0; i < maxSubstitutions && value.includes('${') && value.length < 1000; i++) {
    const next = value.replace(/\$\{([^${}]{1,200})\}/, (whole, name: string) => properties.get(name) ?? whole);
    if (next === value) break;
    value = next;
  }
  return value;
}

function managedIn(root: Element): Map<string, Element> {
  const management = child(root, 'dependencyManagement');
  const all = (management ? child(management, 'dependencies') : undefined)?.children ?? [];
  return new Map(all.map((dependency) => [keyOf(dependency), dependency]));
}

function dependenciesIn(root: Element): readonly Element[] {
  return child(root, 'dependencies')?.children ?? [];
}

function keyOf(dependency: Element): string {
  return `${textOfChild(dependency, 'groupId')}:${textOfChild(dependency, 'artifactId')}`;
}

function child(element: Element, name: string): Element | undefined {
  return element.children.find((each) => each.name === name);
}

function textOfChild(element: Element, name: string): string {
  return child(element, name)?.text.trim() ?? '';
}
