/** Whether a path or an image's name agrees with a glob: `?` and `*` within a segment, `**` across segments. */
export function agreesWithGlob(glob: string, text: string): boolean {
  const tokens = glob.match(/\*\*\/?|\*|\?|[^*?]/gsu) ?? [];
  const chars = [...text];
  // Row by row, which positions of the text the tokens so far can end at: no backtracking, so no exponential time.
  let ends = new Set([0]);
  for (const token of tokens) {
    ends = advanced(token, ends, chars);
    if (ends.size === 0) return false;
  }
  return ends.has(chars.length);
}

function advanced(token: string, ends: ReadonlySet<number>, chars: readonly string[]): Set<number> {
  const next = new Set<number>();
  if (token.startsWith('*')) {
    let isOpen = false;
    for (let at = 0; at <= chars.length; at++) {
      isOpen ||= ends.has(at);
      // `a/**/b` agrees with `a/b` too: with its slash, `**` ends where a segment begins.
      const fits = token !== '**/' || ends.has(at) || chars[at - 1] === '/';
      if (isOpen && fits) next.add(at);
      if (token === '*' && chars[at] === '/') isOpen = false;
    }
    return next;
  }
  for (const at of ends) {
    const fits = token === '?' ? at < chars.length && chars[at] !== '/' : chars[at] === token;
    if (fits) next.add(at + 1);
  }
  return next;
}
