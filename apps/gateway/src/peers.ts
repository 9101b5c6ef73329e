import { Health, HealthCheckResponse_ServingStatus as ServingStatus } from '@gabion/contracts/grpc/health/v1/health_pb';
import { type Connection, connect } from '@gabion/rpc/client';
import type { RenewingCertificate } from '@gabion/trust/certificates';
import { clientCredentials } from '@gabion/trust/credentials';
import { credentials } from '@grpc/grpc-js';

/** The services behind the gateway. */
export class Peers implements Disposable {
  readonly #connections: ReadonlyMap<string, Connection>;

  constructor(addresses: Readonly<Record<string, string>>, certificate: RenewingCertificate | undefined) {
    this.#connections = new Map(
      Object.entries(addresses).map(([service, address]) => {
        if (!certificate && !address.startsWith('unix:'))
          throw new Error(`${service} is called at ${address} only with TLS; without, at unix:/path`);
        const channel = certificate ? clientCredentials(certificate, service) : credentials.createInsecure();
        return [service, connect({ address, as: 'gateway', credentials: channel })];
      }),
    );
  }

  to(service: string): Connection {
    const connection = this.#connections.get(service);
    if (!connection)
      throw new Error(
        `the address of ${service} is not configured (GABION_PEER_${service.toUpperCase().replaceAll('-', '_')})`,
      );
    return connection;
  }

  /** What each service says of itself. */
  async standing(): Promise<Record<string, 'serving' | 'unreachable'>> {
    const answers = [...this.#connections].map(async ([service, connection]) => {
      const { status } = await connection
        .client(Health)
        .check({}, { deadlineMs: 1000 })
        .catch(() => ({ status: ServingStatus.UNKNOWN }));
      return [service, status === ServingStatus.SERVING ? 'serving' : 'unreachable'] as const;
    });
    return Object.fromEntries(await Promise.all(answers));
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections.values()) connection[Symbol.dispose]();
  }
}
