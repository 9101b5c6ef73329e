import { createHash, randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  ImageFormat,
  type UploadedImageSchema,
  type UploadImageHeader,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import type { Digest } from '@gabion/oci/digest';
import type { Database, Tx } from '@gabion/postgres/database';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { audit } from '@gabion/service/audit';
import { sql } from 'kysely';
import type { Config } from './config.ts';
import type { Home } from './home.ts';
import type { TargetKind } from './scan.ts';

const columns = sql.raw('id, name, format, home, size::float8 as size, digest');

export interface Upload {
  readonly id: string;
  readonly name: string;
  readonly format: 'docker-archive' | 'oci-archive' | 'file-system' | 'sbom';
  readonly home: string;
  readonly size: number;
  /** Of the bytes as they were sent. */
  readonly digest: Digest;
}

/** What a scan of an upload looks at. */
export function targetKindOf({ format }: Pick<Upload, 'format'>): TargetKind {
  return format === 'file-system' || format === 'sbom' ? format : 'image';
}

/** Images, directories and SBOMs that callers have sent: a file in the data directory, and a row that makes it known. */
export class Uploads {
  constructor(
    private readonly db: Database,
    private readonly home: Home,
    private readonly config: Pick<Config, 'maxUploadBytes' | 'uploadRetentionMs'>,
  ) {}

  /** Takes the bytes to the end; the row is written last, so that an abandoned upload never becomes an image. */
  async take(
    header: UploadImageHeader,
    bytes: AsyncIterable<Uint8Array>,
    call: Call,
  ): Promise<MessageInitShape<typeof UploadedImageSchema>> {
    const id = randomUUID();
    const path = this.home.uploadPath(id);
    const spooled = await spool(path, bytes, this.config.maxUploadBytes, call.signal);
    try {
      const expireTime = new Date(Date.now() + this.config.uploadRetentionMs);
      await this.db.transaction(async (tx) => {
        await sql`
          insert into uploads (id, name, format, size, digest, home, expire_time)
          values (${id}, ${header.name}, ${formatName(header.format)}, ${spooled.size}, ${spooled.digest},
            ${this.home.id}, ${expireTime})`.execute(tx);
        const details = { name: header.name, digest: spooled.digest };
        await audit(tx, call, { service: 'image-scanner', resource: `uploads/${id}`, details });
      });
      return { uploadId: id, size: BigInt(spooled.size), expireTime: timestampFromDate(expireTime) };
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  /** The upload for a scan that is being created; it stays until that scan has ended. */
  async claim(tx: Tx, id: string): Promise<Upload> {
    const { rows } = await sql<Upload>`
      select ${columns} from uploads where id = ${id} and expire_time > now() for share`.execute(tx);
    if (rows[0]) return rows[0];
    throw new Fault('not_found', `there is no upload ${id}; uploads expire`, { code: 'upload_not_found' });
  }

  async get(id: string): Promise<Upload | undefined> {
    const { rows } = await sql<Upload>`select ${columns} from uploads where id = ${id}`.execute(this.db.kysely);
    return rows[0];
  }

  /** Removes uploads that expired or were scanned, and files of this directory that have no row. */
  async removeExpired(now: Date): Promise<void> {
    const { rows: removed } = await sql<{ id: string; home: string }>`
      delete from uploads
      where (expire_time < now() or exists (select from scans where upload_id = uploads.id))
        and not exists (select from scans where upload_id = uploads.id and state in ('queued', 'running'))
      returning id, home`.execute(this.db.kysely);
    for (const { id, home } of removed) if (home === this.home.id) await rm(this.home.uploadPath(id), { force: true });
    const { rows } = await sql<{ id: string }>`select id from uploads where home = ${this.home.id}`.execute(
      this.db.kysely,
    );
    const known = new Set(rows.map(({ id }) => this.home.uploadPath(id)));
    for (const name of await readdir(this.home.spool)) {
      const path = join(this.home.spool, name);
      if (!known.has(path) && (await isAbandoned(path, now))) await rm(path, { force: true });
    }
  }
}

/** A file that is being written has changed lately; one of a process that died has not. */
async function isAbandoned(path: string, now: Date): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && now.getTime() - found.mtimeMs > 10 * 60_000;
}

function formatName(format: ImageFormat): Upload['format'] {
  switch (format) {
    case ImageFormat.DOCKER_ARCHIVE:
      return 'docker-archive';
    case ImageFormat.OCI_ARCHIVE:
      return 'oci-archive';
    case ImageFormat.FILE_SYSTEM:
      return 'file-system';
    case ImageFormat.SBOM:
      return 'sbom';
    case ImageFormat.UNSPECIFIED:
      throw new Fault('invalid_argument', 'the header names no format', { code: 'format_missing' });
    default: {
      const never: never = format;
      throw new Fault('invalid_argument', `unknown format ${never}`, { code: 'format_unknown' });
    }
  }
}

/** Writes bytes into a new file, private and bounded; leaves nothing behind when it fails. */
export async function spool(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal,
): Promise<{ size: number; digest: string }> {
  const hash = createHash('sha256');
  let size = 0;
  try {
    await pipeline(
      async function* () {
        for await (const chunk of bytes) {
          size += chunk.length;
          if (size > maxBytes)
            throw new Fault('resource_exhausted', `over ${maxBytes} bytes are not taken`, { code: 'upload_too_large' });
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(path, { flags: 'wx', mode: 0o600 }),
      { signal },
    );
  } catch (error) {
    await rm(path, { force: true });
    signal.throwIfAborted();
    throw isDiskFull(error)
      ? new Fault('resource_exhausted', 'the disk of the service is full', { code: 'disk_full', cause: error })
      : error;
  }
  return { size, digest: `sha256:${hash.digest('hex')}` };
}

function isDiskFull(error: unknown): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT';
}
