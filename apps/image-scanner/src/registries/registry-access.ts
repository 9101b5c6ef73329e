import type { CredentialSource, Credentials } from '@gabion/oci/credentials';
import { dockerConfigCredentials } from '@gabion/oci/docker-config';
import { RequestRate } from '@gabion/oci/pace';
import type { RegistryOptions } from '@gabion/oci/registry';
import type { Database } from '@gabion/postgres/database';
import { sql } from 'kysely';
import type { Config } from '../config.ts';
import { registryAddresses } from '../registry-addresses.ts';
import type { RegistryRow } from './registry.ts';
import type { RegistryCredentials } from './registry-credentials.ts';

/** What a request itself says of how to speak to a registry. */
export interface Asked {
  readonly credentials?: Credentials;
  readonly plainHttp?: boolean;
}

/** How registries are spoken to: by their settings where they have any, by the service's own configuration else. */
export class RegistryAccess {
  readonly #paces = new Map<string, RequestRate>();

  constructor(
    private readonly db: Database,
    private readonly kept: RegistryCredentials,
    private readonly config: Pick<Config, 'dockerConfigFile' | 'allowPrivateRegistries' | 'proxy'>,
  ) {}

  /** Credentials of a request go before those of the settings, and these before the Docker configuration. */
  async optionsFor(host: string, asked: Asked = {}): Promise<RegistryOptions> {
    const { rows } = await sql<RegistryRow>`select * from registries where host = ${host}`.execute(this.db.kysely);
    const settings = rows[0];
    const pace = this.#paceOf(host, settings?.max_requests_per_second ?? 0);
    const credentials = this.#credentials(asked.credentials, settings);
    return {
      ...(credentials && { credentials }),
      ...((asked.plainHttp || settings?.plain_http) && { plainHttp: true }),
      ...(settings?.ca_certificates && { ca: settings.ca_certificates }),
      ...(pace && { pace }),
      proxyEnv: this.config.proxy,
      allowsAddress: registryAddresses(this.config.allowPrivateRegistries),
    };
  }

  #credentials(given: Credentials | undefined, settings: RegistryRow | undefined): CredentialSource | undefined {
    if (given) return async () => given;
    if (settings?.has_credentials) {
      let stored: Promise<Credentials> | undefined;
      return () => {
        stored ??= this.kept.read(settings);
        return stored;
      };
    }
    return this.config.dockerConfigFile ? dockerConfigCredentials(this.config.dockerConfigFile) : undefined;
  }

  /** One for all who speak to the registry in this process. */
  #paceOf(host: string, perSecond: number): RequestRate | undefined {
    const known = this.#paces.get(host);
    if (known?.perSecond === perSecond) return known;
    this.#paces.delete(host);
    if (perSecond === 0) return undefined;
    const pace = new RequestRate(perSecond);
    this.#paces.set(host, pace);
    return pace;
  }
}
