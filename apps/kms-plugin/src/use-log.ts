import type { PluginUse } from './use-reporter.ts';

/**
 * A line of JSON for each use, in the form of the log's other lines. Nothing in it is secret, so that it does without
 * the log's redaction, which costs as much as all else of a call; uses of one turn of the event loop are written at once.
 */
export class UseLog {
  #lines: string[] = [];

  constructor(private readonly write: (text: string) => void) {}

  add({ uid, operation, kmsKeyId, code }: PluginUse): void {
    const level = code ? 'warn' : 'info';
    const said = { level, time: new Date().toISOString(), service: 'kms-plugin', uid, operation, kmsKeyId };
    const line = JSON.stringify({ ...said, ...(code && { code }), message: code ? 'refused' : 'done' });
    if (this.#lines.push(line) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const lines = this.#lines;
    this.#lines = [];
    this.write(`${lines.join('\n')}\n`);
  }
}
