/** Names of variables that hold the version of a program, the likeliest first. */
const versionNames =
  /^(?:(?:app|build|git|release|product|full|sem|cli|server)?_?version(?:_?(?:tag|string|number|release|base))?|gitversion|(?:git|build|release)?_?tag|release|versionstr|ver)$/i;

const maxFlags = 64 * 1024;

/** The version that `-ldflags "-X pkg.Version=1.2.3"` gave to a program; undefined when nothing or several things say it. */
export function versionFromFlags(flags: string, modulePath: string): string | undefined {
  const candidates: { symbol: string; version: string }[] = [];
  for (const [symbol, value] of assignments(flags.slice(0, maxFlags))) {
    const variable = symbol.slice(symbol.lastIndexOf('.') + 1);
    const version = /^v?(\d{1,6}\.\d{1,6}(?:\.\d{1,6})?(?:[-+][0-9A-Za-z.+-]{1,64})?)$/.exec(value.trim())?.[1];
    if (version && versionNames.test(variable)) candidates.push({ symbol, version });
  }
  // A flag for a package of the program itself counts before one for a library that it uses.
  const isOwn = ({ symbol }: { symbol: string }) => symbol.startsWith('main.') || symbol.startsWith(`${modulePath}/`);
  const own = candidates.filter(isOwn);
  const versions = new Set((own.length > 0 ? own : candidates).map(({ version }) => version));
  const [only] = versions;
  return versions.size === 1 ? `v${only}` : undefined;
}

/** `-X name=value`, `-X=name=value`, with quotes around the whole or the value. */
function* assignments(flags: string): Generator<[string, string]> {
  const words = [...flags.matchAll(/'[^']*'|"[^"]*"|[^\s'"]+(?:'[^']*'|"[^"]*")?/g)].map(([word]) => word);
  for (const [index, word] of words.entries()) {
    const text = word === '-X' || word === '--X' ? words[index + 1] : /^--?X=(.+)$/.exec(word)?.[1];
    const [, symbol, value] = /^['"]?([^='"]+)=(.*)$/.exec(text ?? '') ?? [];
    if (symbol && value !== undefined) yield [symbol, value.replace(/^['"]|['"]$/g, '')];
  }
}
