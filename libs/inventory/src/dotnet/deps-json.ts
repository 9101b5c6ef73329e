import { Declarations, type DeclaredParse } from '../declared.ts';
import { type Fields, fieldsOf, jsonOf, objectOf, textIn } from '../document.ts';
import { fileCataloguer } from '../file-cataloguer.ts';

const maxDeps = 16 * 1024 * 1024;

/**
 * .NET applications by what they load: `app.deps.json`, and the shared frameworks, whose own deps.json names the package
 * that advisories speak of (`Microsoft.NETCore.App.Runtime.linux-x64`).
 */
export const dotnetCataloguer = fileCataloguer({
  name: 'dotnet',
  type: 'nuget',
  evidence: 'package-metadata',
  wants: (path) => (path.endsWith('.deps.json') ? maxDeps : undefined),
  parse: parseDepsJson,
});

/** The packages of a runtime dependencies file that bring something to run. */
export function parseDepsJson(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const { runtimeTarget, targets, libraries } = objectOf(jsonOf(content));
  const target = targetOf(fieldsOf(targets), runtimeTarget);
  const declarations = new Declarations(path, warnings);
  for (const [id, about] of Object.entries(fieldsOf(libraries))) {
    const { type } = fieldsOf(about);
    // The runtime that a self-contained application carries along is a `runtimepack`.
    if (type !== 'package' && type !== 'runtimepack') continue;
    if (target && type === 'package' && !isLoaded(fieldsOf(target[id]))) continue;
    const slash = id.lastIndexOf('/');
    declarations.add(id.slice(0, slash).replace(/^runtimepack\./, ''), id.slice(slash + 1));
  }
  return declarations.list;
}

function targetOf(targets: Fields, runtimeTarget: unknown): Fields | undefined {
  const name = textIn(runtimeTarget) ?? textIn(fieldsOf(runtimeTarget).name);
  return name !== undefined && Object.hasOwn(targets, name) ? fieldsOf(targets[name]) : undefined;
}

/** Packages of analyzers and build rules are named, too, and bring nothing to the application. */
function isLoaded(library: Fields): boolean {
  if (library.compileOnly === true) return false;
  return ['runtime', 'runtimeTargets', 'native', 'resources'].some(
    (kind) => Object.keys(fieldsOf(library[kind])).length > 0,
  );
}
