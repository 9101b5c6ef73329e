import { Declarations, type DeclaredParse } from '../declared.ts';
import { textOf } from '../document.ts';
import { fileCataloguer } from '../file-cataloguer.ts';

const maxGemspec = 1024 * 1024;

/** Gems that RubyGems and Bundler installed: `specifications/` and its `default/`; other gemspecs are sources in free Ruby. */
export const rubyCataloguer = fileCataloguer({
  name: 'ruby',
  type: 'gem',
  evidence: 'package-metadata',
  wants: (path) =>
    path.endsWith('.gemspec') && /(?:^|\/)specifications\/(?:default\/)?[^/]+$/.test(path) ? maxGemspec : undefined,
  parse: parseGemspec,
});

/**
 * The gem of a specification that RubyGems wrote (`Gem::Specification#to_ruby`). It is Ruby, but of a fixed form:
 * assignments of literals, one on a line, to `s`.
 */
export function parseGemspec(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const text = textOf(content);
  // # stub: NAME VERSION PLATFORM REQUIRE_PATHS
  const [, stubName, stubVersion, stubPlatform] = /^# stub: (\S+) (\S+) (\S+)/m.exec(text) ?? [];
  const name = literal(text, 'name') ?? stubName;
  const version = literal(text, 'version') ?? stubVersion;
  const platform = literal(text, 'platform') ?? stubPlatform ?? '';
  const declarations = new Declarations(path, warnings);
  declarations.add(name, version, {
    licenses: licensesOf(text),
    ...(platform !== '' && platform !== 'ruby' && { qualifiers: { platform } }),
  });
  return declarations.list;
}

/** `s.name = "rake".freeze`, `s.version = Gem::Version.new("1.0")`. */
function literal(text: string, field: string): string | undefined {
  const pattern = new RegExp(
    `^[ \\t]{0,20}\\w{1,20}\\.${field} {0,9}= {0,9}(?:Gem::Version\\.new\\()?["']([^"'\\n]{1,256})["']`,
    'm',
  );
  return pattern.exec(text)?.[1];
}

/** `s.licenses = ["MIT".freeze, "Ruby".freeze]`. */
function licensesOf(text: string): string[] {
  const list = /^[ \t]{0,20}\w{1,20}\.licenses? {0,9}= {0,9}([^\n]{1,2000})/m.exec(text)?.[1] ?? '';
  return [...list.matchAll(/["']([^"'\n]{1,100})["']/g)].map(([, license]) => license!);
}
