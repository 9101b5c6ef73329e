/** Words that belong to a version: `31.1-jre`, `2.0-rc1`, `1.0-b05`. */
const versionWord =
  /^(?:\d[\w.+]*|(?:alpha|beta|b|rc|cr|m|milestone|sp|ga|final|release|snapshot|pre|preview|ea|dev|incubating|jre|jdk|android|java|build|hadoop|redhat|patch|p|v|r|nightly)[.\d]*\w{0,3})$/i;

const maxLength = 256;

/**
 * The artifact and version in the name of an archive as Maven writes it, `artifact-version[-classifier]`. The version
 * begins at the first dash before a digit after which no word is followed by another version, so that
 * `log4j-1.2-api-2.17.1` is version 2.17.1 of `log4j-1.2-api`.
 */
export function artifactInName(fileName: string): { artifactId: string; version: string } | undefined {
  const base = fileName.slice(0, maxLength).replace(/\.[A-Za-z]{2,4}$/, '');
  const words = base.split('-');
  for (let first = 1; first < words.length; first++) {
    if (!/^v?\d/.test(words[first]!)) continue;
    let last = first;
    while (last + 1 < words.length && versionWord.test(words[last + 1]!)) last++;
    // What is left is a classifier, `linux-x86_64`, unless a number in it is the real version.
    if (words.slice(last + 1).some((word) => /^\d+\./.test(word))) continue;
    return { artifactId: words.slice(0, first).join('-'), version: words.slice(first, last + 1).join('-') };
  }
  return undefined;
}

/**
 * The groupId that the directories of a repository spell: `repository/org/slf4j/slf4j-api/1.7.36/slf4j-api-1.7.36.jar` of
 * Maven (`system/` of Karaf), `files-2.1/org.slf4j/slf4j-api/1.7.36/<sha1>/slf4j-api-1.7.36.jar` of Gradle.
 */
export function groupInPath(path: string, { artifactId, version }: { artifactId: string; version: string }): string {
  const directories = path.split('/').slice(0, -1);
  const gradle = directories.lastIndexOf('files-2.1');
  if (gradle !== -1 && directories[gradle + 2] === artifactId && directories[gradle + 3] === version)
    return directories[gradle + 1]!;
  const root = Math.max(directories.lastIndexOf('repository'), directories.lastIndexOf('system'));
  const isLayout = directories.at(-1) === version && directories.at(-2) === artifactId;
  return root !== -1 && isLayout ? directories.slice(root + 1, -2).join('.') : '';
}
