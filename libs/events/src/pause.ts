/** A wait that can be cut short; an end that came while nobody waited cuts the next wait. */
export class Pause {
  #isOver = false;
  #isClosed = false;
  #resolve: (() => void) | undefined;

  /** Resolves after `ms`, or at once when `end` was called since the last wait. */
  async wait(ms: number): Promise<void> {
    if (!this.#isOver && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#resolve = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#resolve = undefined;
    }
    this.#isOver = false;
  }

  end(): void {
    this.#isOver = true;
    this.#resolve?.();
  }

  /** Ends this wait and every later one. */
  close(): void {
    this.#isClosed = true;
    this.#resolve?.();
  }
}
