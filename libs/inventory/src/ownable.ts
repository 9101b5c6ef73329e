/**
 * Whether a file can stand for a package of a language or a program, so that it matters whether the system's package
 * manager owns it. Databases list every file of a system; only these paths of them are kept.
 */
export function isOwnable(path: string): boolean {
  return ownable.test(path);
}

const ownable =
  /(?:^|\/)(?:node_modules\/.*package\.json|[^/]+\.(?:dist-info|egg-info)(?:\/(?:METADATA|PKG-INFO))?|[^/]+\.(?:gemspec|[jwe]ar|hpi|jpi|deps\.json|rockspec|egg)|installed\.json|conda-meta\/[^/]+\.json|s?bin\/[^/]+|libexec\/.+|[^/]+\.so(?:\.[^/]*)?)$/;
