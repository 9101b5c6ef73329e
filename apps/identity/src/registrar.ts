import { Fault } from '@gabion/rpc/fault';
import { counter } from '@gabion/telemetry/metrics';
import { Allowance } from './allowance.ts';
import type { Authority } from './authority.ts';
import type { Clock } from './clock.ts';
import { isJoinToken } from './join-tokens.ts';

/** Certificates of one service in a minute; a fleet of replicas that restarts needs one each. */
const certificatesPerMinute = 120;
/** Refused attempts in a minute that are answered and audited one by one. */
const refusalsPerMinute = 30;

const refusals = () =>
  counter('gabion_identity_certificate_refusals_total', 'Requests for certificates that were turned away.');

/** Decides who gets a certificate in which name. */
export class Registrar {
  readonly #authority: Authority | undefined;
  readonly #joinTokensDir: string;
  readonly #now: Clock;
  readonly #issued = new Map<string, Allowance>();
  readonly #refused: Allowance;

  /** Without an authority (all services in one process, on unix sockets) nobody gets one. */
  constructor(authority: Authority | undefined, joinTokensDir: string, now: Clock) {
    this.#authority = authority;
    this.#joinTokensDir = joinTokensDir;
    this.#now = now;
    this.#refused = new Allowance(refusalsPerMinute, now);
  }

  /** The authority that may certify `service` for who asks, and by what they proved it; throws otherwise. */
  async admit(
    service: string,
    peer: string | undefined,
    joinToken: string,
  ): Promise<{ authority: Authority; proof: 'certificate' | 'join_token' }> {
    const authority = this.#authority;
    if (!authority)
      throw new Fault('failed_precondition', 'this installation has no certificates', { code: 'certificates_off' });
    const proof = peer === undefined ? 'join_token' : 'certificate';
    if (peer === undefined ? !(await isJoinToken(this.#joinTokensDir, service, joinToken)) : peer !== service)
      throw this.#refusal(service, peer);
    if (!this.#allowance(service).take())
      throw new Fault('resource_exhausted', `too many certificates for ${service}`, {
        code: 'certificate_rate',
        retryAfterMs: 60_000 / certificatesPerMinute,
      });
    return { authority, proof };
  }

  /** Who tries on gets short answers, which cost nothing; who has the right token is not kept out by them. */
  #refusal(service: string, peer: string | undefined): Fault {
    refusals().inc();
    if (!this.#refused.take())
      return new Fault('resource_exhausted', 'too many attempts', { code: 'join_rate', retryAfterMs: 2000 });
    return peer === undefined
      ? new Fault('permission_denied', `this is not the join token of ${service}`, { code: 'join_token_invalid' })
      : new Fault('permission_denied', `${peer} gets no certificate of ${service}`, { code: 'certificate_not_own' });
  }

  /** Only services with a join token or a certificate come here: the map does not grow with what strangers ask for. */
  #allowance(service: string): Allowance {
    const known = this.#issued.get(service) ?? new Allowance(certificatesPerMinute, this.#now);
    this.#issued.set(service, known);
    return known;
  }
}
