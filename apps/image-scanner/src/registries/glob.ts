/** Whether a glob fits the whole text: `*` is any run of characters, `?` any one. At most text × glob steps. */
export function fits(glob: string, text: string): boolean {
  let at = 0;
  let in_ = 0;
  let star = -1;
  let resume = 0;
  while (in_ < text.length) {
    if (glob[at] === '*') {
      star = at++;
      resume = in_;
    } else if (glob[at] === '?' || glob[at] === text[in_]) {
      at++;
      in_++;
    } else if (star >= 0) {
      at = star + 1;
      in_ = ++resume;
    } else return false;
  }
  while (glob[at] === '*') at++;
  return at === glob.length;
}

/** Whether a list of globs lets a name in: one that fits, or none that lets in; and none with `!` that fits. */
export function letsIn(globs: readonly string[], name: string): boolean {
  const out = globs.filter((each) => each.startsWith('!'));
  const wanted = globs.filter((each) => !each.startsWith('!'));
  if (out.some((each) => fits(each.slice(1), name))) return false;
  return wanted.length === 0 || wanted.some((each) => fits(each, name));
}

/** The names themselves where a list has nothing but names; undefined where a catalogue is needed. */
export function plainNames(globs: readonly string[]): readonly string[] | undefined {
  const isPlain = globs.length > 0 && globs.every((each) => !/[*?!]/.test(each));
  return isPlain ? globs : undefined;
}
