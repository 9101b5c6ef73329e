/** A text on one line that cannot move the cursor, change colours or turn its direction: such characters are written out. */
export function terminalText(text: string): string {
  return text.replace(/[\t\r\n]+/g, ' ').replace(hidden, (char) => `\\u{${char.codePointAt(0)!.toString(16)}}`);
}

// Control characters (C0, C1, DEL), line and paragraph separators, what turns text (UAX #9), and what has no width.
const hidden = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\u200b-\u200d\u2060-\u2064\ufeff]/gu;

/** A text inside HTML, between tags or in a quoted attribute. */
export function htmlText(text: string): string {
  return terminalText(text).replace(/[&<>"'`]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** A text inside a cell of a Markdown table: no link, mention, image, HTML or end of the cell. */
export function markdownText(text: string): string {
  return (
    htmlText(text)
      .replace(/[\\*_{}[\]()+!|~^$]/g, (char) => `\\${char}`)
      // GitHub and GitLab turn @name into a mention and bare addresses into links.
      .replace(/@/g, '&#64;')
      .replace(/:\/\//g, '&#58;//')
      .replace(/\bwww\./gi, 'www&#46;')
  );
}

/** A text inside XML 1.0, which some characters cannot be in. */
export function xmlText(text: string): string {
  return htmlText(text.toWellFormed()).replace(/[\ufffe\uffff]/g, '\ufffd');
}

/** An address that is safe to link to; undefined for `javascript:` and the like. */
export function webAddress(text: string): string | undefined {
  return /^https?:\/\/[^\s\p{Cc}<>"'`()\\|]{1,2000}$/iu.test(text) ? text : undefined;
}
