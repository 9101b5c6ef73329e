import { Declarations, type DeclaredParse } from '../declared.ts';
import { type Fields, jsonOf, listOf, objectOf } from '../document.ts';
import type { Warnings } from '../warnings.ts';

/** The package that a package.json describes; one without name or version is no package. */
export const parsePackageJson: DeclaredParse = (content, path, warnings) => {
  const declarations = new Declarations(path, warnings);
  addPackageJson(declarations, content, path, warnings);
  return declarations.list;
};

/** The same for a package.json in an archive. */
export function addPackageJson(declarations: Declarations, content: Buffer, path: string, warnings?: Warnings): void {
  const json = objectOf(jsonOf(content));
  const { name, version } = json;
  if (name === undefined || version === undefined) return;
  if (typeof name !== 'string' || typeof version !== 'string' || !isName(name) || !isVersion(version)) {
    warnings?.add('package_incomplete', `${path}: the name or version is not valid`);
    return;
  }
  declarations.add(name, version.trim().replace(/^[v=\s]+/, ''), { licenses: licensesOf(json) });
}

// Old names may hold upper case (npm validate-npm-package-name, "legacy").
function isName(name: string): boolean {
  return name.length <= 214 && /^(@[A-Za-z0-9~_.-]+\/)?[A-Za-z0-9~_-][A-Za-z0-9~._-]*$/.test(name);
}

function isVersion(version: string): boolean {
  return version.length <= 256 && /^\s*[v=\s]*\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?\s*$/.test(version);
}

function licensesOf({ license, licenses }: Fields): string[] {
  const named = (value: unknown): unknown =>
    typeof value === 'object' && value !== null && 'type' in value ? value.type : value;
  const all = [license, ...(Array.isArray(licenses) ? listOf(licenses).slice(0, 20) : [licenses])].map(named);
  return all.filter((value): value is string => typeof value === 'string');
}
