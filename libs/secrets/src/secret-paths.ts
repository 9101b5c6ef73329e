/**
 * Whether files of such a path are left out: what packages bring (their own test keys and documentation), lists of
 * digests that look like secrets, and formats that hold no text.
 */
export function isExempt(path: string): boolean {
  return exempt.some((pattern) => pattern.test(path));
}

const exempt: readonly RegExp[] = [
  /^usr\/(?:share|include|lib|lib64|libexec|src)\//,
  /^(?:lib|lib64|proc|sys|boot)\//,
  /^var\/(?:lib\/(?:dpkg|rpm|apt|apk|pacman)|cache|log\/(?:apt|dpkg))(?:\/|$)/,
  /^etc\/(?:ssl\/certs|ca-certificates|pki|alternatives|services|mime\.types|apk\/keys)(?:\/|\.|$)/,
  /(?:^|\/)(?:site-packages|dist-packages|python\d(?:\.\d+)?|node_modules|bower_components|gems|specifications)\//,
  /(?:^|\/)vendor\/(?:github\.com|golang\.org|google\.golang\.org|gopkg\.in|k8s\.io|bundle|ruby|modules\.txt)/,
  /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|deno\.lock|poetry\.lock|Pipfile\.lock|uv\.lock|composer\.lock|Cargo\.lock|go\.(?:mod|sum|work)|go\.work\.sum|Gemfile\.lock|gradle\.lockfile|verification-metadata\.xml)$/,
  /\.(?:png|jpe?g|gif|bmp|ico|webp|svg|tiff?|woff2?|ttf|otf|eot|pdf|docx?|xlsx?|pptx?|mp[34]|avi|mov|wav|ogg|gz|bz2|xz|zst|zip|7z|rar|jar|war|ear|whl|deb|rpm|so|a|o|dll|exe|mo|pdb|wasm|class|map)$/i,
];
