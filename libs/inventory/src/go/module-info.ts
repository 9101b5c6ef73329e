/** A module that a program was built from. */
export interface GoModule {
  readonly path: string;
  /** `v1.2.3`, a pseudo-version, `(devel)`, or empty. */
  readonly version: string;
  /** What stands in its place by a `replace` directive. */
  readonly replacement?: { readonly path: string; readonly version: string };
}

export interface ModuleInfo {
  readonly main?: GoModule;
  readonly dependencies: readonly GoModule[];
  /** Settings of the build: `-ldflags`, `vcs.revision`, `GOOS`. */
  readonly settings: ReadonlyMap<string, string>;
}

/** The largest programs have some 2,000. */
const maxModules = 10_000;
const maxSettings = 200;

/** Reads the text that `go version -m` prints (`runtime/debug.ParseBuildInfo`). */
export function parseModuleInfo(text: string): ModuleInfo {
  const modules: { isMain: boolean; module: GoModule }[] = [];
  const settings = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [kind, path = '', version = ''] = line.split('\t');
    if (kind === 'mod' || kind === 'dep') {
      if (modules.length < maxModules) modules.push({ isMain: kind === 'mod', module: { path, version } });
    } else if (kind === '=>' && modules.length > 0) {
      const last = modules.at(-1)!;
      modules[modules.length - 1] = { ...last, module: { ...last.module, replacement: { path, version } } };
    } else if (kind === 'build' && settings.size < maxSettings) {
      const [key, value] = settingOf(line.slice('build\t'.length));
      settings.set(key, value);
    }
  }
  const main = modules.find(({ isMain }) => isMain)?.module;
  return {
    ...(main && { main }),
    dependencies: modules.filter(({ isMain }) => !isMain).map(({ module }) => module),
    settings,
  };
}

/** `key=value`, either side in the quotes of Go when it needs them. */
function settingOf(text: string): [string, string] {
  const quotedKey = /^"(?:[^"\\]|\\.)*"/.exec(text)?.[0];
  const keyEnd = quotedKey ? quotedKey.length : text.indexOf('=');
  if (keyEnd === -1 || text[keyEnd] !== '=') return [text, ''];
  return [unquoted(text.slice(0, keyEnd)), unquoted(text.slice(keyEnd + 1))];
}

function unquoted(text: string): string {
  if (text.startsWith('`') && text.endsWith('`')) return text.slice(1, -1);
  if (!text.startsWith('"') || !text.endsWith('"') || text.length < 2) return text;
  return text.slice(1, -1).replace(/\\(.)/g, (_, char: string) => escapes[char] ?? char);
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
