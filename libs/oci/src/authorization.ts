import { JsonObject, parseJson } from './bounded-json.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { basicAuthorization, type Credentials } from './credentials.ts';
import type { Exchange, Outgoing } from './exchange.ts';
import { OciError } from './oci-error.ts';
import { gathered } from './verify.ts';

/** Answers a registry's challenges and remembers what it was given, for one scope. */
export class Authorization {
  readonly #exchange: Exchange;
  readonly #scope: string;
  readonly #credentials: () => Promise<Credentials | undefined>;
  #header: string | undefined;

  constructor(exchange: Exchange, scope: string, credentials: () => Promise<Credentials | undefined>) {
    this.#exchange = exchange;
    this.#scope = scope;
    this.#credentials = credentials;
  }

  /** The `Authorization` that worked last, if any. */
  get header(): string | undefined {
    return this.#header;
  }

  /** Makes the header anew after a 401; false when there is nothing to try that was not tried. */
  async answer(header: string | undefined, url: URL, signal?: AbortSignal): Promise<boolean> {
    const challenges = parseChallenges(header ?? '');
    const credentials = await this.#credentials();
    const before = this.#header;
    if (credentials && 'registryToken' in credentials) {
      this.#header = `Bearer ${credentials.registryToken}`;
      return this.#header !== before;
    }
    const bearer = challenges.find((challenge) => challenge.scheme === 'bearer');
    if (bearer) {
      this.#header = `Bearer ${await this.#token(bearer, url, credentials, signal)}`;
      return this.#header !== before;
    }
    const isBasic = challenges.some((challenge) => challenge.scheme === 'basic');
    if (!isBasic || !credentials || !('username' in credentials)) return false;
    this.#header = basicAuthorization(credentials);
    return this.#header !== before;
  }

  async #token(
    challenge: Challenge,
    url: URL,
    credentials: Credentials | undefined,
    signal?: AbortSignal,
  ): Promise<string> {
    const realm = challenge.parameters.get('realm') ?? '';
    if (!URL.canParse(realm)) throw new OciError('registry_refused', 'the registry names no token service');
    const service = new URL(realm);
    if (url.protocol === 'https:' && service.protocol !== 'https:') {
      throw new OciError('plain_http_refused', `the token service ${service.host} is not on https`);
    }
    const asked = {
      service: challenge.parameters.get('service') ?? '',
      scope: challenge.parameters.get('scope') ?? this.#scope,
    };
    const incoming = await this.#exchange.send(tokenRequest(service, asked, credentials, signal));
    if (incoming.status !== 200) {
      incoming.discard();
      throw tokenRefused(incoming.status, service.host);
    }
    const json = new JsonObject(
      parseJson(await gathered(incoming.body, 1024 * 1024, 'registry_refused'), 'the token'),
      'token',
    );
    const token = json.optionalText('token') ?? json.optionalText('access_token');
    // What is sent in a header must not end it.
    if (!token || !/^[\x21-\x7e]+$/.test(token))
      throw new OciError('registry_refused', 'the token service gave no token');
    return token;
  }
}

/** OAuth2 with a refresh token, else Docker's token request with the name and password in Basic. */
function tokenRequest(
  service: URL,
  asked: { service: string; scope: string },
  credentials: Credentials | undefined,
  signal?: AbortSignal,
): Outgoing {
  if (credentials && 'identityToken' in credentials) {
    const body = new URLSearchParams({
      ...asked,
      grant_type: 'refresh_token',
      client_id: 'gabion',
      refresh_token: credentials.identityToken,
    });
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return { url: service, method: 'POST', headers, body: body.toString(), signal };
  }
  const url = new URL(service);
  if (asked.service) url.searchParams.set('service', asked.service);
  for (const scope of asked.scope.split(' ').filter((one) => one !== '')) url.searchParams.append('scope', scope);
  if (!credentials || !('username' in credentials)) return { url, signal };
  url.searchParams.set('account', credentials.username);
  return { url, headers: { authorization: basicAuthorization(credentials) }, signal };
}

function tokenRefused(status: number, host: string): OciError {
  if (status === 429) return new OciError('rate_limited', `the token service ${host} asks to slow down`);
  if (status >= 500) return new OciError('registry_unavailable', `the token service ${host} answered ${status}`);
  return new OciError('unauthorized', `the token service ${host} does not accept the credentials (${status})`);
}
