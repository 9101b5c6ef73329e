import type { Binding } from './bindings.ts';

/** What a path leads to. */
export type Route =
  | { readonly found: 'binding'; readonly binding: Binding; readonly parts: readonly string[] }
  | { readonly found: 'other-verbs'; readonly verbs: readonly string[] }
  | { readonly found: 'nothing' };

interface Node {
  readonly literals: Map<string, Node>;
  one?: Node;
  rest?: Node;
  /** Bindings that end here: by custom verb, then by HTTP verb. */
  readonly ends: Map<string, Map<string, Binding>>;
}

const node = (): Node => ({ literals: new Map(), ends: new Map() });

/** Finds the binding of a request in a tree of path segments; a literal goes before "*", and that before "**". */
export class Router {
  readonly #root = node();

  constructor(bindings: readonly Binding[]) {
    for (const binding of bindings) this.#add(binding);
  }

  /** `path` is the raw path of the request, without its query. */
  find(verb: string, path: string): Route {
    const parts = path.slice(1).split('/');
    const plain = this.#ends(this.#root, parts, 0, '');
    const [custom, shortened] = this.#customEnds(parts);
    const ends = custom ?? plain;
    if (!ends) return { found: 'nothing' };
    const binding = ends.get(verb) ?? (verb === 'HEAD' ? ends.get('GET') : undefined);
    if (binding) return { found: 'binding', binding, parts: custom ? shortened : parts };
    return { found: 'other-verbs', verbs: verbsOf(ends) };
  }

  /** A colon begins a custom verb only where a template has that verb: an id may hold colons, as digests do. */
  #customEnds(parts: readonly string[]): [Map<string, Binding> | undefined, readonly string[]] {
    const last = parts.at(-1) ?? '';
    const cut = last.lastIndexOf(':');
    if (cut < 1) return [undefined, parts];
    const shortened = [...parts.slice(0, -1), last.slice(0, cut)];
    return [this.#ends(this.#root, shortened, 0, last.slice(cut + 1)), shortened];
  }

  #ends(at: Node, parts: readonly string[], index: number, verb: string): Map<string, Binding> | undefined {
    const part = parts[index];
    if (part === undefined) return at.ends.get(verb);
    if (part === '') return undefined;
    const literal = at.literals.get(part);
    return (
      (literal && this.#ends(literal, parts, index + 1, verb)) ??
      (at.one && this.#ends(at.one, parts, index + 1, verb)) ??
      (parts.includes('', index) ? undefined : at.rest?.ends.get(verb))
    );
  }

  #add(binding: Binding): void {
    let at = this.#root;
    for (const segment of binding.template.segments) at = step(at, segment);
    const verbs = at.ends.get(binding.template.verb) ?? new Map<string, Binding>();
    if (verbs.has(binding.verb)) throw new Error(`${binding.verb} ${binding.template.source} is bound twice`);
    at.ends.set(binding.template.verb, verbs.set(binding.verb, binding));
  }
}

function step(at: Node, segment: Binding['template']['segments'][number]): Node {
  switch (segment.kind) {
    case 'one':
      at.one ??= node();
      return at.one;
    case 'rest':
      at.rest ??= node();
      return at.rest;
    case 'literal': {
      const next = at.literals.get(segment.text) ?? node();
      at.literals.set(segment.text, next);
      return next;
    }
    default: {
      const never: never = segment;
      throw new Error(`unknown segment ${JSON.stringify(never)}`);
    }
  }
}

function verbsOf(ends: Map<string, Binding>): string[] {
  const verbs = [...ends.keys()];
  return verbs.includes('GET') ? [...verbs, 'HEAD'] : verbs;
}
