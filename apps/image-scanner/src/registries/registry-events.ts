import { createHash } from 'node:crypto';
import { ScanPriority } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { OciError } from '@gabion/oci/oci-error';
import { formatReference, parseReference } from '@gabion/oci/reference';
import type { Database, Tx } from '@gabion/postgres/database';
import type { Call } from '@gabion/rpc/call';
import { audit } from '@gabion/service/audit';
import { sql } from 'kysely';
import type { Scans } from '../scans.ts';
import { type Push, pushesIn } from './pushes.ts';
import type { Registries } from './registries.ts';
import type { RegistryRow } from './registry.ts';

/** Scans that one event may ask for. */
const maxPushes = 100;

/** Takes what registries tell of pushes. Nothing but the registry's own host is ever scanned, whatever an event says. */
export class RegistryEvents {
  constructor(
    private readonly db: Database,
    private readonly registries: Registries,
    private readonly scans: Scans,
  ) {}

  /** An event that is told again is answered with the scans of the first time. */
  async receive(name: string, event: unknown, call: Call): Promise<{ scanIds: string[]; ignored: number }> {
    return this.db.transaction(async (tx) => {
      const registry = await this.registries.get(name, tx);
      const told = pushesIn(event);
      const references = told.pushes
        .slice(0, maxPushes)
        .map((push) => ({ push, reference: referenceOf(push, registry.host) }))
        .filter(({ reference }) => reference !== undefined);
      const scanIds: string[] = [];
      for (const { push, reference } of references) scanIds.push(...(await this.#scan(tx, registry, push, reference!)));
      const ignored = told.ignored + told.pushes.length - references.length;
      if (references.length > 0) {
        const details = { pushes: String(references.length) };
        await audit(tx, call, { service: 'image-scanner', resource: `registries/${name}`, details });
      }
      return { scanIds: [...new Set(scanIds)], ignored };
    });
  }

  async #scan(tx: Tx, registry: RegistryRow, push: Push, reference: string): Promise<string[]> {
    const key = createHash('sha256').update(`${push.event}\n${reference}`).digest('hex');
    if (push.event !== '') {
      const { rows } = await sql<{ scan_ids: string[]; is_new: boolean }>`
        insert into registry_events (registry, event, scan_ids) values (${registry.name}, ${key}, '{}')
        on conflict (registry, event) do update set event = excluded.event
        returning scan_ids, xmax = 0 as is_new`.execute(tx);
      if (!rows[0]!.is_new) return rows[0]!.scan_ids;
    }
    const concrete = registry.sweep_scope.platforms.filter((each) => each !== '*');
    const ids: string[] = [];
    for (const platform of concrete.length > 0 ? concrete : [''])
      ids.push(await this.#create(tx, registry, reference, platform));
    await sql`
      update registry_events set scan_ids = ${ids}::uuid[]
      where registry = ${registry.name} and event = ${key}`.execute(tx);
    return ids;
  }

  async #create(tx: Tx, registry: RegistryRow, reference: string, platform: string): Promise<string> {
    const { digest, ...named } = parseReference(reference);
    const name = named.tag === undefined ? undefined : formatReference(named);
    const scan = await this.scans.create(tx, {
      source: { kind: 'registry', reference, plainHttp: false, ...(name !== undefined && { name }) },
      platform,
      credentials: undefined,
      kinds: [],
      priority: ScanPriority.EVENT,
      lockFiles: false,
      origin: `registries/${registry.name}`,
    });
    return scan.id;
  }
}

/** The pushed image at the registry's own host; undefined where the event names another host, or no image. */
function referenceOf({ repository, tag, digest, host: named }: Push, host: string): string | undefined {
  if (named !== '' && canonical(named) !== canonical(host)) return undefined;
  if (repository === '' || (tag === '' && digest === '')) return undefined;
  const text = `${host}/${repository}${tag && `:${tag}`}${digest && `@${digest}`}`;
  try {
    const found = parseReference(text);
    const isWhole = found.registry === host && (found.tag ?? '') === tag && (found.digest ?? '') === digest;
    return isWhole ? text : undefined;
  } catch (error) {
    if (error instanceof OciError) return undefined;
    throw error;
  }
}

function canonical(host: string): string {
  return host.toLowerCase().replace(/:(443|80)$/, '');
}
