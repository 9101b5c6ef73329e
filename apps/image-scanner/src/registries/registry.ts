import type { MessageInitShape } from '@bufbuild/protobuf';
import { durationFromMs, timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { RegistrySchema, SweepScope } from '@gabion/contracts/gabion/scan/v1/registries_pb';

/** What of a registry is swept, as it is stored. */
export interface Scope {
  readonly repositories: readonly string[];
  readonly tags: readonly string[];
  readonly latestTags: number;
  readonly platforms: readonly string[];
}

/** The settings of a registry. */
export interface RegistryRow {
  readonly name: string;
  readonly host: string;
  /** Kept by kms-secrets. */
  readonly has_credentials: boolean;
  readonly plain_http: boolean;
  readonly ca_certificates: string;
  readonly max_concurrent_scans: number;
  readonly max_requests_per_second: number;
  readonly sweep_interval_ms: string | null;
  readonly sweep_scope: Scope;
  readonly create_time: Date;
}

export function scopeFrom(scope: SweepScope | undefined): Scope {
  const { repositories = [], tags = [], latestTags = 0, platforms = [] } = scope ?? {};
  return { repositories, tags, latestTags, platforms };
}

/** A scope as callers see it. */
export function scopeMessage({ repositories, tags, latestTags, platforms }: Scope) {
  return { repositories: [...repositories], tags: [...tags], latestTags, platforms: [...platforms] };
}

/** The registry as callers see it: without its credentials. */
export function registryMessage(row: RegistryRow): MessageInitShape<typeof RegistrySchema> {
  return {
    name: row.name,
    host: row.host,
    hasCredentials: row.has_credentials,
    plainHttp: row.plain_http,
    caCertificates: row.ca_certificates,
    maxConcurrentScans: row.max_concurrent_scans,
    maxRequestsPerSecond: row.max_requests_per_second,
    ...(row.sweep_interval_ms !== null && { sweepInterval: durationFromMs(Number(row.sweep_interval_ms)) }),
    sweepScope: scopeMessage(row.sweep_scope),
    createTime: timestampFromDate(row.create_time),
  };
}
