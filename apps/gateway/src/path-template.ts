/** One piece of a path template between slashes. */
export type Segment = { readonly kind: 'literal'; readonly text: string } | { readonly kind: 'one' | 'rest' };

/** A field that a part of the path is read into: segments `from` to `to`, exclusive. */
export interface Variable {
  readonly path: readonly string[];
  readonly from: number;
  readonly to: number;
  /** Several segments keep their escaped slashes (google.api.http, "Path template syntax"). */
  readonly isMany: boolean;
}

export interface PathTemplate {
  readonly source: string;
  readonly segments: readonly Segment[];
  readonly variables: readonly Variable[];
  /** What follows the last colon: "/v1/scans/{id}:watch". */
  readonly verb: string;
}

/** Reads a path template of google.api.http; throws for one that is not, so that the gateway does not start with it. */
export function pathTemplate(source: string): PathTemplate {
  const fail = (why: string): never => {
    throw new Error(`path template "${source}": ${why}`);
  };
  const [, path = '', verb = ''] =
    /^\/(.*?)(?::([A-Za-z][A-Za-z0-9_-]*))?$/.exec(source) ?? fail('must start with "/"');
  const segments: Segment[] = [];
  const variables: Variable[] = [];
  for (const part of partsOf(path)) {
    const [, name, inner] = /^\{([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)(?:=(.+))?\}$/.exec(part) ?? [];
    if (!name) {
      segments.push(segmentOf(part, fail));
      continue;
    }
    const from = segments.length;
    for (const each of (inner ?? '*').split('/')) segments.push(segmentOf(each, fail));
    const isMany = segments.length - from > 1 || segments.at(-1)?.kind === 'rest';
    variables.push({ path: name.split('.'), from, to: segments.length, isMany });
  }
  if (segments.some((each, index) => each.kind === 'rest' && index < segments.length - 1)) fail('"**" must stand last');
  return { source, segments, variables, verb };
}

function partsOf(path: string): string[] {
  return path.match(/(?:\{[^}]*\}|[^/])+/g) ?? [];
}

function segmentOf(text: string, fail: (why: string) => never): Segment {
  if (text === '*') return { kind: 'one' };
  if (text === '**') return { kind: 'rest' };
  return /^[A-Za-z0-9._~-]+$/.test(text) ? { kind: 'literal', text } : fail(`"${text}" is no segment`);
}

/** Values of a template's variables in a path that it matches, percent-decoding included; throws URIError for a bad escape. */
export function variablesIn(template: PathTemplate, parts: readonly string[]): [readonly string[], string][] {
  return template.variables.map(({ path, from, to, isMany }) => {
    const isRest = template.segments[to - 1]?.kind === 'rest';
    const taken = parts.slice(from, isRest ? parts.length : to);
    return [path, taken.map((part) => (isMany ? decodeKeepingSlashes(part) : decodeURIComponent(part))).join('/')];
  });
}

function decodeKeepingSlashes(part: string): string {
  return part
    .split(/(%2f)/i)
    .map((piece) => (/^%2f$/i.test(piece) ? piece : decodeURIComponent(piece)))
    .join('');
}
