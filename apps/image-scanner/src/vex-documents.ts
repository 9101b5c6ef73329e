import { randomUUID } from 'node:crypto';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { VexDocumentSchema } from '@gabion/contracts/gabion/scan/v1/exceptions_pb';
import type { Database, Tx } from '@gabion/postgres/database';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { audit } from '@gabion/service/audit';
import { readVex } from '@gabion/vex/read';
import type { VexDocument } from '@gabion/vex/statement';
import { VexError } from '@gabion/vex/vex-error';
import { sql } from 'kysely';
import { storable } from './storable.ts';

/** A VEX document as it is listed. */
export interface VexDocumentRow {
  readonly id: string;
  readonly document_id: string;
  readonly author: string;
  readonly format: string;
  readonly statement_count: number;
  readonly document_time: Date | null;
  readonly import_time: Date;
}

const columns = sql.raw('id, document_id, author, format, statement_count, document_time, import_time');
/** All statements are in memory where findings are read. */
const maxStatements = 500_000;

/** VEX documents: what suppliers say of vulnerabilities in their products. */
export class VexDocuments {
  constructor(private readonly db: Database) {}

  /** Takes a document; of two with the same id the newer one counts, and an older one is refused. */
  async import(text: string, call: Call): Promise<VexDocumentRow> {
    const document = read(text);
    const time = Number.isNaN(Date.parse(document.timestamp)) ? null : new Date(document.timestamp);
    const statements = JSON.stringify(document.statements).replaceAll('\\u0000', '\ufffd');
    return this.db.transaction(async (tx) => {
      await refuseTooMany(tx, document);
      const { rows } = await sql<VexDocumentRow>`
        insert into vex_documents (id, document_id, author, format, statement_count, document_time, statements)
        values (${randomUUID()}, ${storable(document.id, 2048)}, ${storable(document.author, 512)}, ${document.format},
          ${document.statements.length}, ${time}, ${statements}::jsonb)
        on conflict (document_id) do update set author = excluded.author, format = excluded.format,
          statement_count = excluded.statement_count, document_time = excluded.document_time, import_time = now(),
          statements = excluded.statements, revision = nextval('suppression_revisions')
        where vex_documents.document_time is null or excluded.document_time >= vex_documents.document_time
        returning ${columns}`.execute(tx);
      const [row] = rows;
      if (!row)
        throw new Fault('failed_precondition', 'a newer document of this id is held', {
          code: 'vex_not_newer',
        });
      const details = { document: row.document_id.slice(0, 256), statements: String(row.statement_count) };
      await audit(tx, call, { service: 'image-scanner', resource: `vex-documents/${row.id}`, details });
      return row;
    });
  }

  async list(): Promise<VexDocumentRow[]> {
    const { rows } = await sql<VexDocumentRow>`
      select ${columns} from vex_documents order by import_time desc, id`.execute(this.db.kysely);
    return rows;
  }

  async delete(id: string, call: Call): Promise<void> {
    await this.db.transaction(async (tx) => {
      const { numAffectedRows } = await sql`delete from vex_documents where id = ${id}`.execute(tx);
      if (numAffectedRows !== 1n)
        throw new Fault('not_found', `there is no VEX document ${id}`, { code: 'vex_document_not_found' });
      await audit(tx, call, { service: 'image-scanner', resource: `vex-documents/${id}` });
    });
  }
}

async function refuseTooMany(tx: Tx, document: VexDocument): Promise<void> {
  const { rows } = await sql<{ count: string }>`
    select coalesce(sum(statement_count), 0) as count from vex_documents
    where document_id <> ${storable(document.id, 2048)}`.execute(tx);
  if (Number(rows[0]!.count) + document.statements.length <= maxStatements) return;
  throw new Fault('resource_exhausted', `over ${maxStatements} statements are not held; delete some documents`, {
    code: 'too_many_statements',
  });
}

/** The document as callers see it. */
export function vexDocumentMessage(row: VexDocumentRow): MessageInitShape<typeof VexDocumentSchema> {
  return {
    id: row.id,
    documentId: row.document_id,
    author: row.author,
    format: row.format,
    statementCount: row.statement_count,
    ...(row.document_time && { documentTime: timestampFromDate(row.document_time) }),
    importTime: timestampFromDate(row.import_time),
  };
}

function read(text: string): VexDocument {
  try {
    return readVex(Buffer.from(text));
  } catch (error) {
    if (error instanceof VexError)
      throw new Fault('invalid_argument', error.message, { code: error.code, cause: error });
    throw error;
  }
}
