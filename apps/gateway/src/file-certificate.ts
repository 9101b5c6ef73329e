import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Logger } from '@gabion/telemetry/log';
import type { experimental } from '@grpc/grpc-js';

/** Certificate chain and key, PEM, as node:tls takes them. */
export interface CertificateFiles {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * A certificate from files that are replaced from outside (cert-manager, certbot). A new one is taken for the next
 * connections; a pair that does not fit together is logged and the old one kept.
 */
export class FileCertificate implements experimental.CertificateProvider, Disposable {
  readonly #paths: { certificateFile: string; keyFile: string };
  readonly #log: Logger;
  readonly #changed = new Set<(files: CertificateFiles) => void>();
  readonly #identities = new Map<experimental.IdentityCertificateUpdateListener, (files: CertificateFiles) => void>();
  readonly #timer: NodeJS.Timeout;
  #files: CertificateFiles;
  /** What the files held when they were last looked at, taken or not. */
  #seen: CertificateFiles;

  /** Throws when the files cannot be read or are no pair: the gateway does not start without what it was told to use. */
  constructor(paths: { certificateFile: string; keyFile: string }, log: Logger, everyMs = 5000) {
    this.#paths = paths;
    this.#log = log;
    this.#files = this.#seen = this.#read();
    createSecureContext(this.#files);
    // Read again rather than watched: a change between the first reading and the first look of a watcher would be missed.
    this.#timer = setInterval(() => this.#reload(), everyMs).unref();
  }

  get files(): CertificateFiles {
    return this.#files;
  }

  onChange(changed: (files: CertificateFiles) => void): void {
    this.#changed.add(changed);
  }

  addIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    const tell = ({ cert, key }: CertificateFiles) => listener({ certificate: cert, privateKey: key });
    this.#identities.set(listener, tell);
    this.#changed.add(tell);
    // Not within this call: @grpc/grpc-js 1.14 adds the server that is to be told only after it.
    setImmediate(() => tell(this.#files));
  }

  removeIdentityCertificateListener(listener: experimental.IdentityCertificateUpdateListener): void {
    const tell = this.#identities.get(listener);
    if (tell) this.#changed.delete(tell);
    this.#identities.delete(listener);
  }

  // Clients of the public ports show tokens, not certificates.
  addCaCertificateListener(): void {}

  removeCaCertificateListener(): void {}

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #reload(): void {
    try {
      const files = this.#read();
      if (isSame(files, this.#seen)) return;
      this.#seen = files;
      createSecureContext(files);
      this.#files = files;
      for (const changed of this.#changed) changed(files);
      this.#log.info({ file: this.#paths.certificateFile }, 'certificate of the public ports replaced');
    } catch (error) {
      this.#log.error({ error, file: this.#paths.certificateFile }, 'new certificate not taken: the old one stays');
    }
  }

  #read(): CertificateFiles {
    return { cert: readFileSync(this.#paths.certificateFile), key: readFileSync(this.#paths.keyFile) };
  }
}

function isSame(one: CertificateFiles, other: CertificateFiles): boolean {
  return one.cert.equals(other.cert) && one.key.equals(other.key);
}
