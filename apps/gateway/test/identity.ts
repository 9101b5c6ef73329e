import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  AuthenticationService,
  type WatchRevocationsRequest,
} from '@gabion/contracts/gabion/identity/v1/authentication_pb';
import { CertificateService } from '@gabion/contracts/gabion/identity/v1/certificates_pb';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { Implements } from '@gabion/rpc/implements';
import { CallerKind } from '@gabion/trust/caller';
import { Module } from '@nestjs/common';

interface Person {
  readonly id: string;
  readonly permissions: readonly string[];
  readonly expireTime?: Date;
}

/** Identity as the gateway sees it: tokens in memory, revocations streamed and waited for. */
export class FakeIdentity {
  readonly people = new Map<string, Person>();
  asked = 0;
  isDown = false;
  readonly #watches = new Set<(sequence: bigint, callerId: string) => void>();
  readonly #acknowledged = new Map<bigint, () => void>();
  #sequence = 0n;

  get watches(): number {
    return this.#watches.size;
  }

  with(token: string, person: Person): this {
    this.people.set(token, person);
    return this;
  }

  authenticate(token: string) {
    this.asked++;
    if (this.isDown) throw new Fault('unavailable', 'identity is down');
    const person = this.people.get(token);
    if (!person) throw new Fault('unauthenticated', 'unknown token', { code: 'token_unknown' });
    return {
      caller: {
        kind: CallerKind.USER,
        id: person.id,
        name: person.id,
        permissions: [...person.permissions],
        tokenId: 't',
      },
      ...(person.expireTime && { expireTime: timestampFromDate(person.expireTime) }),
    };
  }

  /** Resolves once every gateway that watches has dropped what it remembered. */
  async revoke(token: string): Promise<void> {
    const person = this.people.get(token);
    this.people.delete(token);
    const sequence = ++this.#sequence;
    const acknowledged = new Promise<void>((resolve) => this.#acknowledged.set(sequence, resolve));
    for (const tell of this.#watches) tell(sequence, person?.id ?? '');
    if (this.#watches.size > 0) await acknowledged;
  }

  async *watch(requests: AsyncIterable<WatchRevocationsRequest>, signal: AbortSignal) {
    const waiting: { sequence: bigint; callerId: string; all: boolean }[] = [
      { sequence: 0n, callerId: '', all: false },
    ];
    let wake = () => {};
    const tell = (sequence: bigint, callerId: string) => {
      waiting.push({ sequence, callerId, all: false });
      wake();
    };
    this.#watches.add(tell);
    this.#cut.add(() => wake());
    signal.addEventListener('abort', () => wake());
    void this.#hear(requests).catch(() => {});
    const epoch = this.#cutEpoch;
    try {
      while (!signal.aborted && epoch === this.#cutEpoch) {
        const next = waiting.shift();
        if (next) yield next;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
      if (!signal.aborted) throw new Fault('unavailable', 'the watch was cut');
    } finally {
      this.#watches.delete(tell);
    }
  }

  readonly #cut = new Set<() => void>();
  #cutEpoch = 0;

  /** Breaks every watch. */
  cutWatches(): void {
    this.#cutEpoch++;
    for (const cut of this.#cut) cut();
    this.#cut.clear();
  }

  async #hear(requests: AsyncIterable<WatchRevocationsRequest>): Promise<void> {
    for await (const { acknowledged } of requests) this.#acknowledged.get(acknowledged)?.();
  }
}

/** A module that serves the fake over gRPC. */
export function identityModule(identity: FakeIdentity) {
  @Implements(AuthenticationService)
  class AuthenticationController {
    async authenticate({ token }: { token: string }) {
      return identity.authenticate(token);
    }

    async whoAmI(_request: object, call: Call) {
      return call.caller;
    }

    watchRevocations(requests: AsyncIterable<WatchRevocationsRequest>, call: Call) {
      return identity.watch(requests, call.signal);
    }
  }

  @Implements(CertificateService)
  class CertificateController {
    async issueCertificate() {
      return {};
    }
  }

  @Module({ controllers: [AuthenticationController, CertificateController] })
  class IdentityModule {}
  return IdentityModule;
}
