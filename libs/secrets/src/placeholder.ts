/** Whether a value stands for a secret and is none: a variable, a template, a word, the same character over and over. */
export function isPlaceholder(value: string): boolean {
  if (/^(.)\1*$/s.test(value)) return true;
  if (/^(?:\$|%|@|<|\{\{|\$\{)[\w.{}()<>%@ |-]*$/.test(value) && /^[$%@<{]/.test(value)) return true;
  if (/EXAMPLE$/.test(value)) return true;
  return words.test(value.slice(0, 512));
}

const words =
  /(?:^|[_\W])(?:changeme|change[_-]me|your[_-]?\w*|placeholder|redacted|dummy|insert[_-]\w+|todo|fixme)(?:$|[_\W])|x{6,}|\*{4,}|0{16,}|abcdefghijklmnop|1234567890abcdef/i;
