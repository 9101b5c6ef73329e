import { Declarations, type DeclaredParse } from '../declared.ts';
import { fileCataloguer } from '../file-cataloguer.ts';

/** WordPress reads the header of a plugin from so many bytes (`get_file_data`). */
const maxHeader = 8 * 1024;

const place = /(?:^|\/)wp-content\/(?:(plugins)\/(?:([^/]+)\/)?([^/]+)\.php|(themes)\/([^/]+)\/style\.css)$/;

/** Plugins and themes of WordPress by their headers. Its core is found as a program. */
export const wordpressCataloguer = fileCataloguer({
  name: 'wordpress',
  type: 'generic',
  evidence: 'package-metadata',
  wants: (path) =>
    (path.endsWith('.php') || path.endsWith('/style.css')) && path.includes('wp-content/') && place.test(path)
      ? 2 * 1024 * 1024
      : undefined,
  parse: parseWordpressHeader,
});

/** The plugin or theme whose header a file begins with; other files of a plugin have none. */
export function parseWordpressHeader(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const head = content.toString('utf8', 0, maxHeader);
  const [, plugins, directory, file, , theme] = place.exec(path) ?? [];
  const kind = plugins ? 'plugin' : 'theme';
  if (!header(head, plugins ? 'Plugin Name' : 'Theme Name')) return [];
  const version = header(head, 'Version');
  // A version is optional, and what has none cannot be judged.
  if (!version) return [];
  const declarations = new Declarations(path, warnings);
  const license = header(head, 'License') ?? '';
  declarations.add(`wordpress-${kind}/${directory ?? file ?? theme}`, version, { licenses: [license] });
  return declarations.list;
}

function header(head: string, field: 'Plugin Name' | 'Theme Name' | 'Version' | 'License'): string | undefined {
  const pattern = new RegExp(`^[ \\t/*#@]{0,50}${field}:`, 'i');
  const line = head.split(/\r?\n|\r/).find((each) => pattern.test(each)) ?? '';
  const [value = ''] = line.slice(line.indexOf(':') + 1).split(/\*\/|\?>/, 1);
  return value.trim() || undefined;
}
