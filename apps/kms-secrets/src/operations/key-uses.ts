import { KeyOperation } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { readEnvelope } from '@gabion/keys/envelope';
import { KeyError } from '@gabion/keys/key-error';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { CallerKind } from '@gabion/trust/caller';
import { keyFaults } from '../keys/key-faults.ts';
import { allowedBy, assertContext } from '../keys/key-policy.ts';
import type { KeyRecord, KeyRing, VersionMaterial, VersionUse } from '../keys/key-ring.ts';
import { type KeyKind, kindOf } from '../keys/key-types.ts';
import type { Quotas } from './quotas.ts';
import type { UsageTrail, Use } from './usage-trail.ts';
import { type UseContext, UseContexts } from './use-contexts.ts';

/** The one error of everything that can be wrong with a ciphertext. */
export function ciphertextRefused(): Fault {
  return new Fault('invalid_argument', 'the ciphertext is not one of this key and context', {
    code: 'ciphertext_refused',
  });
}

/** What is to be done with a key. */
export interface Asked {
  readonly operation: KeyOperation;
  readonly context?: Readonly<Record<string, string>>;
  /** The primary one when 0. */
  readonly version?: number;
  readonly use: VersionUse;
}

/** What the work is handed: in one turn of the event loop, since the material is the ring's. */
export interface InUse extends VersionMaterial {
  readonly key: KeyRecord;
  readonly kind: KeyKind;
  readonly context: UseContext;
}

/** An answer, or the refusal in its place. */
export type Outcome<T> = { readonly answer: T } | { readonly fault: Fault };

const kindNames: ReadonlyMap<CallerKind, string> = new Map([
  [CallerKind.USER, 'user'],
  [CallerKind.SERVICE_ACCOUNT, 'service_account'],
  [CallerKind.SERVICE, 'service'],
]);

/** Uses of keys within one call: what is allowed, done, and put on the trail before anything is answered. */
export class KeyUses {
  readonly #ring: KeyRing;
  readonly #trail: UsageTrail;
  readonly #quotas: Quotas;
  readonly #contexts = new UseContexts();

  constructor(ring: KeyRing, trail: UsageTrail, quotas: Quotas) {
    this.#ring = ring;
    this.#trail = trail;
    this.#quotas = quotas;
  }

  /** One use; throws what refuses it. */
  async one<T>(call: Call, key: string, asked: Asked, work: (inUse: InUse) => T): Promise<T> {
    const uses: Use[] = [];
    const outcome = await this.attempt(call, key, asked, work, uses);
    await this.#trail.record(uses);
    if ('fault' in outcome) throw outcome.fault;
    return outcome.answer;
  }

  /** Many uses, each with an outcome of its own; recorded together. */
  async many<I, T>(items: readonly I[], one: (item: I, uses: Use[]) => Promise<Outcome<T>>): Promise<Outcome<T>[]> {
    const uses: Use[] = [];
    const outcomes: Outcome<T>[] = [];
    for (const item of items) outcomes.push(await one(item, uses));
    await this.#trail.record(joined(uses));
    return outcomes;
  }

  /** A use that is written to `uses` for its call to record. Only a key that does not exist, or a service that cannot say, leaves none. */
  async attempt<T>(
    call: Call,
    name: string,
    asked: Asked,
    work: (inUse: InUse) => T,
    uses: Use[],
  ): Promise<Outcome<T>> {
    this.#trail.assertRoom();
    const key = await this.#ring.get(name);
    const about = { ...asked, call, key, contextSha256: new Uint8Array() as Uint8Array };
    try {
      const context = this.#contexts.of(asked.context ?? {});
      about.contextSha256 = context.sha256;
      const kind = kindOf(key.type);
      if (!kind?.operations.has(asked.operation)) throw keyFaults.unsuitable(nameOf(asked.operation));
      // Signatures and MACs have no context.
      if (asked.context) assertContext(key, context.entries);
      const statement = allowedBy(key, { caller: call.caller, operation: asked.operation, context: context.entries });
      const material = await this.#ring.version(key, asked.version ?? 0, asked.use);
      this.#quotas.take(key, statement, 1);
      const answer = work({ ...material, key, kind, context });
      uses.push(useOf(about, material.version, ''));
      return { answer };
    } catch (error) {
      const fault = faultOf(error, asked.use);
      // Of those who cannot answer at all there is nothing to record.
      if (fault.kind === 'unavailable') throw fault;
      uses.push(useOf(about, asked.version ?? 0, fault.code));
      return { fault };
    }
  }

  /** The key and version that a ciphertext names; everything that is wrong with it is one error. */
  async named(ciphertext: Uint8Array, only: string): Promise<{ readonly id: string; readonly version: number }> {
    const { id, version } = envelopeOf(ciphertext);
    const key = await this.#ring.get(id).catch(asRefused);
    if (!key.versions.some((each) => each.version === version)) throw ciphertextRefused();
    if (only && (await this.#ring.get(only)).id !== id) throw ciphertextRefused();
    return { id, version };
  }
}

function envelopeOf(ciphertext: Uint8Array) {
  try {
    return readEnvelope(ciphertext);
  } catch {
    throw ciphertextRefused();
  }
}

function asRefused(error: unknown): never {
  throw error instanceof Fault && error.code === keyFaults.unknown().code ? ciphertextRefused() : error;
}

function faultOf(error: unknown, use: VersionUse): Fault {
  if (error instanceof Fault) return error;
  if (!(error instanceof KeyError)) throw error;
  if (use === 'open' && error.code === 'ciphertext_refused') return ciphertextRefused();
  return new Fault('invalid_argument', error.message, { code: error.code });
}

function nameOf(operation: KeyOperation): string {
  return (KeyOperation[operation] ?? 'do this').toLowerCase().replaceAll('_', ' ');
}

function useOf(
  { call, key, operation, contextSha256 }: Asked & { call: Call; key: KeyRecord; contextSha256: Uint8Array },
  version: number,
  code: string,
): Use {
  const { kind, id, sourceAddress } = call.caller;
  return {
    keyId: key.id,
    version,
    operation,
    callerKind: kindNames.get(kind) ?? 'unknown',
    callerId: id,
    contextSha256,
    count: 1,
    code,
    requestId: call.requestId,
    sourceAddress,
  };
}

/** Alike uses of a batch as one. */
function joined(uses: readonly Use[]): Use[] {
  const [first] = uses;
  // As most batches are: one key, one context, all done.
  if (first && uses.every((use) => isAlike(use, first))) return [{ ...first, count: uses.length }];
  const byLikeness = new Map<string, Use>();
  for (const use of uses) {
    const likeness = [
      use.keyId,
      use.version,
      use.operation,
      use.code,
      Buffer.from(use.contextSha256).toString('hex'),
    ].join(' ');
    const known = byLikeness.get(likeness);
    byLikeness.set(likeness, known ? { ...known, count: known.count + 1 } : use);
  }
  return [...byLikeness.values()];
}

function isAlike(one: Use, other: Use): boolean {
  const isOfOneKey = one.keyId === other.keyId && one.version === other.version;
  return (
    isOfOneKey &&
    one.operation === other.operation &&
    one.code === other.code &&
    one.contextSha256 === other.contextSha256
  );
}
