import { hash } from 'node:crypto';
import { type EncodedContext, encodeContext } from '@gabion/keys/context';

type Entries = Readonly<Record<string, string>>;

/** The context of a use, in all forms that a use needs. */
export interface UseContext {
  readonly entries: ReadonlyMap<string, string>;
  readonly encoded: EncodedContext;
  /** What the trail has of it; empty without context. */
  readonly sha256: Uint8Array;
}

/** Contexts in all their forms. The last one is remembered, as items of a batch mostly have the same. */
export class UseContexts {
  #last: { readonly asked: Entries; readonly context: UseContext } | undefined;

  of(asked: Entries): UseContext {
    if (this.#last && isSame(this.#last.asked, asked)) return this.#last.context;
    const entries = new Map(Object.entries(asked));
    const encoded = encodeContext(entries);
    const sha256 = entries.size === 0 ? new Uint8Array() : hash('sha256', encoded, 'buffer');
    const context = { entries, encoded, sha256 };
    this.#last = { asked: { ...asked }, context };
    return context;
  }
}

function isSame(one: Entries, other: Entries): boolean {
  const names = Object.keys(one);
  // A value that is not there is undefined, which no value is.
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}
