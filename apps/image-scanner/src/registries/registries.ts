import { X509Certificate } from 'node:crypto';
import { durationMs } from '@bufbuild/protobuf/wkt';
import type { Registry } from '@gabion/contracts/gabion/scan/v1/registries_pb';
import { OciError } from '@gabion/oci/oci-error';
import { parseReference } from '@gabion/oci/reference';
import type { Database, Tx } from '@gabion/postgres/database';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { audit } from '@gabion/service/audit';
import { sql } from 'kysely';
import { credentialsFrom } from '../scan-order.ts';
import { type RegistryRow, scopeFrom } from './registry.ts';
import type { RegistryCredentials } from './registry-credentials.ts';
import { checkedScope } from './sweep-scope.ts';

const defaultConcurrency = 4;
const maxRegistries = 1000;
/** Sweeps that follow one another faster would never end. */
const minIntervalMs = 60_000;
const maxIntervalMs = 366 * 24 * 3_600_000;

/** The registries that people have told of. */
export class Registries {
  constructor(
    private readonly db: Database,
    private readonly kept: RegistryCredentials,
  ) {}

  /** Adds one or changes the one of that name; credentials that are not given stay while the host does. */
  async put(asked: Registry, call: Call): Promise<RegistryRow> {
    const host = hostIn(asked.host);
    const intervalMs = intervalIn(asked);
    const scope = checkedScope(scopeFrom(asked.sweepScope), 'registry.sweepScope');
    checkCertificates(asked.caCertificates);
    const given = asked.credentials && credentialsFrom(asked.credentials);
    const isGiven = given !== undefined;
    return this.db.transaction(async (tx) => {
      await sql`select pg_advisory_xact_lock(hashtextextended('registries', 0))`.execute(tx);
      await this.#checkPlace(tx, asked.name, host);
      // Before what says that they are there; without it they are for nobody.
      if (given) await this.kept.put({ name: asked.name, host }, given);
      const { rows } = await sql<RegistryRow>`
        insert into registries (name, host, has_credentials, plain_http, ca_certificates, max_concurrent_scans,
          max_requests_per_second, sweep_interval_ms, sweep_scope, next_sweep_time)
        values (${asked.name}, ${host}, ${isGiven}, ${asked.plainHttp},
          ${asked.caCertificates}, ${asked.maxConcurrentScans || defaultConcurrency}, ${asked.maxRequestsPerSecond},
          ${intervalMs ?? null}, ${JSON.stringify(scope)}::jsonb,
          ${intervalMs === undefined ? null : sql`now()`})
        on conflict (name) do update set
          host = excluded.host, plain_http = excluded.plain_http, ca_certificates = excluded.ca_certificates,
          has_credentials = case when ${isGiven} or registries.host <> excluded.host
            then excluded.has_credentials else registries.has_credentials end,
          max_concurrent_scans = excluded.max_concurrent_scans,
          max_requests_per_second = excluded.max_requests_per_second,
          sweep_interval_ms = excluded.sweep_interval_ms, sweep_scope = excluded.sweep_scope,
          next_sweep_time = case when registries.sweep_interval_ms is not distinct from excluded.sweep_interval_ms
            then registries.next_sweep_time else excluded.next_sweep_time end
        returning *`.execute(tx);
      const details = { host, credentials: given ? 'given' : 'as before' };
      await audit(tx, call, { service: 'image-scanner', resource: `registries/${asked.name}`, details });
      return rows[0]!;
    });
  }

  async list(): Promise<RegistryRow[]> {
    const { rows } = await sql<RegistryRow>`select * from registries order by name`.execute(this.db.kysely);
    return rows;
  }

  async get(name: string, tx?: Tx): Promise<RegistryRow> {
    const { rows } = await sql<RegistryRow>`
      select * from registries where name = ${name}`.execute(tx ?? this.db.kysely);
    if (!rows[0]) throw notFound(name);
    return rows[0];
  }

  /** Deletes its sweeps too; what was scanned stays. */
  async delete(name: string, call: Call): Promise<void> {
    await this.db.transaction(async (tx) => {
      const { numAffectedRows } = await sql`delete from registries where name = ${name}`.execute(tx);
      if (numAffectedRows !== 1n) throw notFound(name);
      await audit(tx, call, { service: 'image-scanner', resource: `registries/${name}` });
    });
    await this.kept.delete(name);
  }

  async #checkPlace(tx: Tx, name: string, host: string): Promise<void> {
    const { rows } = await sql<{ name: string; n: string }>`
      select name, count(*) over () as n from registries
      order by host = ${host} desc, name limit 1`.execute(tx);
    if (Number(rows[0]?.n ?? 0) >= maxRegistries)
      throw new Fault('resource_exhausted', `there are ${maxRegistries} registries`, { code: 'too_many_registries' });
    const { rows: others } = await sql<{ name: string }>`
      select name from registries where host = ${host} and name <> ${name}`.execute(tx);
    if (others[0])
      throw new Fault('already_exists', `${host} is known as ${others[0].name}`, { code: 'registry_host_taken' });
  }
}

function notFound(name: string): Fault {
  return new Fault('not_found', `there is no registry ${name}`, { code: 'registry_not_found' });
}

/** The host as references name it. */
function hostIn(text: string): string {
  try {
    const { registry, repository } = parseReference(`${text}/x/y`);
    if (repository === 'x/y') return registry;
  } catch (error) {
    if (!(error instanceof OciError)) throw error;
  }
  throw invalid('registry.host', 'host_invalid', 'must be a host name with a dot or a port, without scheme or path');
}

function intervalIn({ sweepInterval }: Registry): number | undefined {
  if (!sweepInterval) return undefined;
  const ms = durationMs(sweepInterval);
  if (ms >= minIntervalMs && ms <= maxIntervalMs) return Math.round(ms);
  throw invalid('registry.sweepInterval', 'interval_invalid', 'must be from a minute to a year');
}

function checkCertificates(pem: string): void {
  if (pem === '') return;
  const certificates =
    pem.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]{1,65536}-----END CERTIFICATE-----/g) ?? [];
  const isWhole = certificates.length > 0 && certificates.length === pem.split('-----BEGIN ').length - 1;
  try {
    if (isWhole) for (const each of certificates) new X509Certificate(each);
    if (isWhole) return;
  } catch {
    // Told below, like what is no PEM at all.
  }
  throw invalid('registry.caCertificates', 'certificates_invalid', 'must be certificates in PEM, and nothing else');
}

function invalid(field: string, code: string, message: string): Fault {
  return new Fault('invalid_argument', 'the registry cannot be taken', { code, fields: [{ field, code, message }] });
}
