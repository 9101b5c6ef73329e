import { maxSkipped } from './statement.ts';

/** Why statements were not used, so many at most. */
export class Skipped {
  readonly list: string[] = [];

  add(reason: string): void {
    if (this.list.length < maxSkipped) this.list.push(reason.slice(0, 300));
  }
}
