/** The CVE ids that a text names, each once. */
export function cvesIn(text: string): string[] {
  return [...new Set(text.match(/\bCVE-\d{4}-\d{4,10}\b/g) ?? [])];
}

/** The CWE ids among texts, each once. */
export function cwesIn(texts: readonly string[]): string[] {
  return [...new Set(texts.flatMap((text) => /^CWE-\d{1,5}$/.exec(text.trim())?.[0] ?? []))];
}
