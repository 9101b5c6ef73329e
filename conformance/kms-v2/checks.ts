/** Counts what held and names what did not. */
export class Checks {
  readonly failures: string[] = [];
  readonly skipped: string[] = [];
  passed = 0;

  check(name: string, isRight: boolean, told: unknown = ''): void {
    if (isRight) this.passed++;
    else this.failures.push(`${name}: ${typeof told === 'string' ? told : JSON.stringify(told)?.slice(0, 300)}`);
  }

  /** Passes when the call fails by an answer of the provider; a deadline that ran out is no refusal. */
  async refuses(name: string, call: () => Promise<unknown>): Promise<void> {
    const error = await call().then(
      () => 'was accepted',
      (failure: { code?: number; message?: string }) =>
        failure.code === 4 || failure.code === 14 ? `${failure.message}` : '',
    );
    this.check(name, error === '', error);
  }

  /** Runs one scenario; what it throws is a failure under its name. */
  async scenario(name: string, run: () => Promise<void>): Promise<void> {
    await run().catch((error: unknown) => this.check(name, false, String(error)));
  }

  skip(name: string): void {
    this.skipped.push(name);
  }

  summary(subject: string): string {
    const lines = this.failures.map((failure) => `  ${failure}`);
    if (this.skipped.length > 0) lines.push(`  skipped: ${this.skipped.join(', ')}`);
    return [`${subject}: ${this.passed} passed, ${this.failures.length} failed`, ...lines].join('\n');
  }
}
