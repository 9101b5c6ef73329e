import { CommanderError } from 'commander';

/** What the exit code of every command says. */
export const exitCodes = { fine: 0, no: 1, usage: 2, failed: 3 } as const;

export interface ComplaintOptions {
  /** Stable name of the error in snake_case. */
  readonly code: string;
  /** What to do about it. */
  readonly hint?: string;
  readonly exitCode?: number;
  readonly cause?: unknown;
}

/** An error that the person at the keyboard can do something about: one line, a stable code, what to do. */
export class Complaint extends Error {
  override readonly name = 'Complaint';
  readonly code: string;
  readonly hint: string | undefined;
  readonly exitCode: number;

  constructor(message: string, options: ComplaintOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? exitCodes.usage;
  }
}

/** Tells on standard error (as a problem on standard output too, with `asJson`) what went wrong; answers the exit code. */
export function answerFor(error: unknown, asJson: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.fine : exitCodes.usage;
  const complaint = complaintOf(error);
  const hint = complaint.hint ? `\n  ${complaint.hint}` : '';
  process.stderr.write(`gabion: ${complaint.message} [${complaint.code}]${hint}\n`);
  if (asJson) process.stdout.write(`${JSON.stringify(problemOf(complaint), null, 2)}\n`);
  return complaint.exitCode;
}

/** The form of RFC 9457 that the platform's HTTP errors have too. */
function problemOf({ code, message, hint }: Complaint): Record<string, unknown> {
  return { type: `urn:gabion:error:${code}`, title: message, detail: message, code, ...(hint && { hint }) };
}

/** Kinds of Fault (google.rpc.Code) that the request is to blame for. */
const badInput = new Set([
  'invalid_argument',
  'not_found',
  'already_exists',
  'permission_denied',
  'failed_precondition',
  'out_of_range',
  'unauthenticated',
]);

/** Any error as a complaint. Faults of the platform and errors with a `code` keep it; they are known by shape, so that this file loads nothing. */
export function complaintOf(error: unknown): Complaint {
  if (error instanceof Complaint) return error;
  if (!(error instanceof Error)) return new Complaint(String(error), { code: 'internal', exitCode: exitCodes.failed });
  const { kind, code, fields } = error as { kind?: unknown; code?: unknown; fields?: unknown };
  const word = typeof code === 'string' ? code.toLowerCase() : 'internal';
  return new Complaint(`${error.message || error.name}${fieldsText(fields, error.message)}`, {
    code: systemCodes[word] ?? word,
    hint: hints[systemCodes[word] ?? word] ?? (typeof kind === 'string' ? hints[kind] : undefined),
    exitCode: typeof kind === 'string' && badInput.has(kind) ? exitCodes.usage : exitCodes.failed,
    cause: error,
  });
}

/** The fields at fault that the message does not name already: it begins with the first. */
function fieldsText(fields: unknown, message: string): string {
  if (!Array.isArray(fields)) return '';
  const more = fields.filter((each) => !message.includes(each.message));
  return more.length === 0 ? '' : `: ${more.map((each) => `${each.field} ${each.message}`).join('; ')}`;
}

const systemCodes: Readonly<Record<string, string>> = {
  enospc: 'disk_full',
  edquot: 'disk_full',
  eaddrinuse: 'port_taken',
  eacces: 'not_permitted',
  eperm: 'not_permitted',
  erofs: 'read_only',
};

const hints: Readonly<Record<string, string>> = {
  disk_full: 'Free some space, or choose another data directory with --data.',
  not_permitted: 'Choose a data directory of your own with --data, or run as its owner.',
  read_only: 'Choose a data directory that can be written with --data.',
  unavailable: 'Is the platform running? See `gabion status`; start it with `gabion up`.',
  unauthenticated: 'Set GABION_TOKEN to a token that is in force; `gabion token create` makes one.',
  permission_denied: 'The token does not hold the permission; ask an administrator for a role that does.',
  image_not_found: 'Check the name and the tag; `docker pull` of the same reference would fail too.',
  unauthorized: 'Give credentials: --username NAME --password-stdin, or run `docker login` first.',
  forbidden: 'These credentials may not read the repository.',
  plain_http_refused: 'Give --plain-http if the registry really speaks plain HTTP.',
  platform_not_found: 'Name a platform that the image has with --platform os/arch.',
  rate_limited: 'The registry asks to wait; give credentials for a higher limit.',
  digest_length_wrong: 'Name the algorithm of that digest, for example --algorithm ecdsa-sha384.',
  digest_not_signable: 'Give the message itself, without --digest.',
  key_not_exportable: 'That is decided when a key is made: `gabion keys create NAME --exportable`.',
  not_allowed_by_policy: 'See who may do what: `gabion keys policy show KEY`, `gabion secrets policy list`.',
  wrapping_key_unknown: 'Get the one of today with `gabion keys wrapping-key`, and wrap the material to it.',
  schema_newer: 'The data directory was used by a newer Gabion; use that version.',
};

/** What to do about an error of this code. */
export function hintFor(code: string): string | undefined {
  return hints[code];
}
