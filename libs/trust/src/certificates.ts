import type { Logger } from '@gabion/telemetry/log';
import { gauge } from '@gabion/telemetry/metrics';
import type { experimental } from '@grpc/grpc-js';

/** A service's certificate with its key, and the roots it trusts; all PEM. */
export interface IssuedCertificate {
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
  readonly trustBundle: Buffer;
  readonly renewTime: Date;
  readonly expireTime: Date;
}

export interface RenewalOptions {
  /** Service whose certificate it is, for logs and metrics. */
  readonly service: string;
  /** Asks for a new certificate. Called now, at each renew time, and again after a failure. */
  issue(): Promise<IssuedCertificate>;
  readonly log: Logger;
  /** Wait after a first failure; doubled each time up to a minute. 1 s unless told. */
  readonly retryMs?: number;
}

const expiry = () =>
  gauge('gabion_certificate_expiry_timestamp_seconds', 'When the certificate of a service expires, as Unix time.', [
    'service',
  ]);

/**
 * A certificate that renews itself before it expires. What listens (gRPC servers and channels) takes each new one for
 * its next connections; connections that stand are not touched, so no request is dropped.
 */
export class RenewingCertificate implements experimental.CertificateProvider, Disposable {
  /** Answers once the first certificate is there; tries until then or until `signal` aborts. */
  static async open(options: RenewalOptions, signal?: AbortSignal): Promise<RenewingCertificate> {
    const opened = new RenewingCertificate(options);
    for (let waitMs = options.retryMs ?? 1000; ; waitMs = Math.min(waitMs * 2, 60_000)) {
      signal?.throwIfAborted();
      if (await opened.renew()) return opened;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }

  readonly #options: RenewalOptions;
  readonly #authorities = new Set<experimental.CaCertificateUpdateListener>();
  readonly #identities = new Set<experimental.IdentityCertificateUpdateListener>();
  #current: IssuedCertificate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #closed = false;

  private constructor(options: RenewalOptions) {
    this.#options = options;
  }

  get current(): IssuedCertificate {
    if (!this.#current) throw new Error('no certificate yet');
    return this.#current;
  }

  // A listener hears of the certificate at hand after it was added and never within: grpc-js 1.14 adds the listener of a
  // server's credentials before it has a server to pass the update on to, and would wait for the next one.
  addCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#authorities.add(listener);
    queueMicrotask(() => this.#authorities.has(listener) && this.#tellAuthority(listener));
  }

  removeCaCertificateListener(listener: experimental.CaCertificateUpdateListener): void {
    this.#authorities.delete(listener);
  }

  addIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#identities.add(listener);
    queueMicrotask(() => this.#identities.has(listener) && this.#tellIdentity(listener));
  }

  removeIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    this.#identities.delete(listener);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  private async renew(): Promise<boolean> {
    const { service, log } = this.#options;
    try {
      this.#current = await this.#options.issue();
      this.#failures = 0;
      expiry().set({ service }, this.#current.expireTime.getTime() / 1000);
      for (const listener of this.#authorities) this.#tellAuthority(listener);
      for (const listener of this.#identities) this.#tellIdentity(listener);
      log.info({ service, expireTime: this.#current.expireTime }, 'certificate issued');
      this.#schedule(Math.max(this.#current.renewTime.getTime() - Date.now(), 0));
      return true;
    } catch (error) {
      this.#failures++;
      log.warn({ service, error, expireTime: this.#current?.expireTime }, 'certificate not issued, will ask again');
      if (this.#current)
        this.#schedule(Math.min((this.#options.retryMs ?? 1000) * 2 ** Math.min(this.#failures, 6), 60_000));
      return false;
    }
  }

  #schedule(afterMs: number): void {
    clearTimeout(this.#timer);
    // setTimeout takes at most 2^31-1 ms; a certificate that lives longer is renewed earlier.
    if (!this.#closed) this.#timer = setTimeout(() => void this.renew(), Math.min(afterMs, 2 ** 31 - 1)).unref();
  }

  #tellAuthority(listener: experimental.CaCertificateUpdateListener): void {
    if (this.#current) listener({ caCertificate: this.#current.trustBundle });
  }

  #tellIdentity(listener: experimental.IdentityCertificateUpdateListener): void {
    if (this.#current) listener({ certificate: this.#current.certificate, privateKey: this.#current.privateKey });
  }
}
