/**
 * Whether a file can stand for a package of a language or a program, so that it matters whether the system's package
 * manager owns it. Databases list every file of a system; only these paths of them are kept.
 */
export function isOwnable(path: string): boolean {
  const slash = path.lastIndexOf('/');
  return ownableIn(path.slice(0, slash + 1))(path.slice(slash + 1));
}

/** The same for the names in one directory: databases list many files in few directories. */
export function ownableIn(directory: string): (name: string) => boolean {
  const segments = directory.split('/').filter((segment) => segment !== '');
  const parent = segments.at(-1) ?? '';
  const hasPrograms = parent === 'bin' || parent === 'sbin' || segments.includes('libexec');
  const hasModules = segments.includes('node_modules');
  const isMetadata = /\.(?:dist|egg)-info$/.test(parent);
  // `.build-id` has a link for each program of the system.
  const isLibrary =
    segments.some((segment) => libraryDirectories.has(segment)) &&
    !segments.includes('.build-id') &&
    !segments.includes('share');
  return (name) => {
    if (name === '') return false;
    if (hasPrograms || ownableNames.has(name)) return true;
    if (hasModules && name === 'package.json') return true;
    if (isMetadata && (name === 'METADATA' || name === 'PKG-INFO')) return true;
    if (parent === 'conda-meta' && name.endsWith('.json')) return true;
    if (parent === 'package.conf.d' && name.endsWith('.conf')) return true;
    if (isLibrary && isProgramName(name)) return true;
    return ownableName.test(name);
  };
}

const libraryDirectories: ReadonlySet<string> = new Set(['lib', 'lib64', 'opt']);

const ownableNames: ReadonlySet<string> = new Set([
  'installed.json',
  'installed.php',
  'DESCRIPTION',
  '.packlist',
  'rock_manifest',
  // Texts that say the version of a program (`programs/`).
  'VERSION',
  'OTP_VERSION',
  'release',
  'version.php',
  'Version.php',
  'Drupal.php',
  'application.ini',
  'composer',
]);

const ownableName =
  /.\.(?:(?:dist|egg)-info|gemspec|gem|[jwekns]ar|hpi|jpi|deps\.json|nuspec|nupkg|reg|rockspec|egg|whl|dll|exe|app|so|so\.[^/]*)$/;

/** Programs outside of `bin`, such as the tools of a compiler, have no suffix; notices (`LICENSE`) are in capitals. */
function isProgramName(name: string): boolean {
  return !name.includes('.') && name !== name.toUpperCase();
}
