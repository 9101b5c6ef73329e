/** The claims set of a JWT (RFC 7519). */
export type Claims = Readonly<Record<string, unknown>>;

const times = ['exp', 'nbf', 'iat'] as const;

/** The claims in a payload; undefined when it is no JSON object. */
export function claimsIn(payload: Uint8Array): Claims | undefined {
  try {
    const claims: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
    return typeof claims === 'object' && claims !== null && !Array.isArray(claims) ? (claims as Claims) : undefined;
  } catch {
    return undefined;
  }
}

/** Claims of RFC 7519 section 4.1 that are not of their form, in sentences. */
export function malformed(claims: Claims): string[] {
  const noTimes = times.filter((name) => claims[name] !== undefined && !Number.isFinite(claims[name]));
  const isAudience = claims.aud === undefined || audiencesOf(claims) !== undefined;
  return [...noTimes.map((name) => `${name} is no number of seconds`), ...(isAudience ? [] : ['aud is no text'])];
}

/** Who looks at a JWT, and when. */
export interface Reader {
  readonly now: Date;
  readonly audience: string | undefined;
}

/** Why claims whose signature is valid are not accepted (RFC 7519 section 4.1), in sentences; none when they are. */
export function refusals(claims: Claims, { now, audience }: Reader): string[] {
  const wrong = malformed(claims);
  if (wrong.length > 0) return wrong;
  const { exp, nbf } = claims as { readonly exp?: number; readonly nbf?: number };
  const seconds = now.getTime() / 1000;
  return [
    exp !== undefined && seconds >= exp && `it expired at ${timeOf(exp)}`,
    nbf !== undefined && seconds < nbf && `it is not valid before ${timeOf(nbf)}`,
    audienceRefusal(audiencesOf(claims), audience),
  ].filter((each) => typeof each === 'string');
}

/** Who finds an audience and does not say that it is one of it refuses (section 4.1.3). */
function audienceRefusal(meant: readonly string[] | undefined, audience: string | undefined): string | undefined {
  if (!meant) return audience === undefined ? undefined : 'it names no audience';
  const others = meant.join(', ') || 'nobody';
  if (audience === undefined) return `it is meant for ${others}: say who you are with --audience`;
  return meant.includes(audience) ? undefined : `it is meant for ${others}, not for ${audience}`;
}

function audiencesOf({ aud }: Claims): readonly string[] | undefined {
  const found: unknown[] = Array.isArray(aud) ? aud : [aud];
  return found.every((each) => typeof each === 'string') ? found : undefined;
}

/** Dates of JavaScript end in the year 275760. */
function timeOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `second ${seconds}` : date.toISOString();
}
