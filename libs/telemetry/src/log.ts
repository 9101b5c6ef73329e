import { trace } from '@opentelemetry/api';
import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** Keys whose values never reach a log line, at any of the first four levels of what is logged. */
const secretKeys = [
  'password',
  'passwd',
  'secret',
  'token',
  'text',
  'authorization',
  'cookie',
  'set-cookie',
  'credentials',
  'identityToken',
  'joinToken',
  'privateKey',
  'apiKey',
  'adminUrl',
  'databaseUrl',
] as const;

const paths = secretKeys.flatMap((key) => {
  const name = /^[a-z]+$/i.test(key) ? `.${key}` : `["${key}"]`;
  return [name.replace(/^\./, ''), `*${name}`, `*.*${name}`, `*.*.*${name}`];
});

/**
 * Values that are secrets wherever they stand: Gabion tokens, bearer headers and passwords inside URLs. Each form
 * begins with something rare: one that could begin at any letter would cost more than all else of a line.
 */
const secretValues: readonly [RegExp, string][] = [
  [/\bgbn_[A-Za-z0-9_-]{8,}/g, 'gbn_[redacted]'],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, '$1 [redacted]'],
  [/(:\/\/[^\s:/@]*):[^\s@/]+@/g, '$1:[redacted]@'],
];

/** Replaces every secret that can be recognised by its form. */
export function redactText(text: string): string {
  return secretValues.reduce((kept, [secret, instead]) => kept.replace(secret, instead), text);
}

export interface LogOptions {
  readonly service: string;
  /** pino level; `info` unless told. */
  readonly level?: string;
  /** Where lines go; standard error unless told, because standard output belongs to answers. */
  readonly destination?: DestinationStream;
}

/**
 * Opens a log of JSON lines, one object each, with `service`, and `trace_id` and `span_id` of the active span.
 * Values under secret keys and secrets recognisable by form are redacted, in messages and errors too.
 */
export function createLog({ service, level = 'info', destination }: LogOptions): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'message',
      errorKey: 'error',
      redact: { paths: [...paths], censor: '[redacted]' },
      serializers: { error: errorFields, err: errorFields },
      mixin: () => {
        const span = trace.getActiveSpan()?.spanContext();
        return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
      },
    },
    redacting(destination ?? standardError()),
  );
}

let stderr: DestinationStream | undefined;

/**
 * Standard error, written once for all the lines of a turn of the event loop: a write a line costs more than the line.
 * An error is written at once, and what waits is when the process ends. One for all logs of the process, so that their
 * lines keep their order.
 */
function standardError(): DestinationStream {
  if (stderr) return stderr;
  const file = pino.destination({ dest: 2, sync: true });
  let lines = '';
  const flush = () => {
    if (lines) file.write(lines);
    lines = '';
  };
  process.on('exit', flush);
  stderr = {
    write(line) {
      if (!lines) setImmediate(flush);
      lines += line;
      if (lines.length > 65_536 || /^\{"level":"(?:error|fatal)"/.test(line)) flush();
    },
  };
  return stderr;
}

function redacting(destination: DestinationStream): DestinationStream {
  return { write: (line) => destination.write(redactText(line)) };
}

function errorFields(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack } = error;
  const code = (error as { code?: unknown }).code;
  return { name, message, ...(code === undefined ? {} : { code }), stack, ...causeOf(error) };
}

function causeOf(error: Error): { cause?: unknown } {
  return error.cause === undefined ? {} : { cause: errorFields(error.cause) };
}
