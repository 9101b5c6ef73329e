import type { Database, Tx } from '@gabion/postgres/database';
import { type Exception, isExpired } from '@gabion/vex/exceptions';
import type { Statement } from '@gabion/vex/statement';
import { sql } from 'kysely';
import { type ExceptionRow, exceptionOf } from './exception.ts';
import type { ImageFinding } from './image-findings.ts';
import { type KeptStatement, type Subject, type Suppresses, suppressesBy } from './suppression.ts';

/** All that hides findings at one moment. */
export interface ActiveSuppressions {
  /** Undefined where nothing hides anything. */
  readonly suppresses: Suppresses | undefined;
  /** When the first of the exceptions ends, which nobody writes anywhere. */
  readonly endTime: Date | undefined;
}

interface Loaded {
  readonly revision: string;
  readonly exceptions: readonly Exception[];
  readonly statements: readonly KeptStatement[];
}

/** VEX documents and exceptions, kept in memory as long as none is added or removed in any replica. */
export class Suppressions {
  #loaded: Loaded | undefined;

  constructor(private readonly db: Database) {}

  async active(now: Date, tx?: Tx): Promise<ActiveSuppressions> {
    const { exceptions, statements } = await this.#load(tx ?? this.db.kysely);
    const lasting = exceptions.filter((each) => !isExpired(each, now));
    if (lasting.length === 0 && statements.length === 0) return { suppresses: undefined, endTime: undefined };
    const ends = lasting.map(({ expiresAt }) => Date.parse(expiresAt));
    return {
      suppresses: suppressesBy(lasting, statements, now),
      endTime: ends.length === 0 ? undefined : new Date(Math.min(...ends)),
    };
  }

  async #load(within: Database['kysely'] | Tx): Promise<Loaded> {
    const { rows } = await sql<{ revision: string }>`select ${suppressionRevision} as revision`.execute(within);
    const { revision } = rows[0]!;
    if (this.#loaded?.revision === revision) return this.#loaded;
    const { rows: exceptions } = await sql<ExceptionRow>`select * from exceptions`.execute(within);
    const { rows: documents } = await sql<{ id: string; statements: Statement[] }>`
      select id, statements from vex_documents`.execute(within);
    const statements = documents.flatMap(({ id, statements: said }) =>
      said.map((statement) => ({ documentId: id, statement })),
    );
    this.#loaded = { revision, exceptions: exceptions.map(exceptionOf), statements };
    return this.#loaded;
  }
}

/** Names what hides findings as the statement sees it: another text with whatever is added or removed. */
export const suppressionRevision = sql`concat_ws(' ',
  (select max(revision) || ':' || count(*) from exceptions),
  (select max(revision) || ':' || count(*) from vex_documents))`;

/** Marks the findings that do not count. */
export function suppress(
  findings: readonly ImageFinding[],
  subject: Subject,
  suppresses: Suppresses | undefined,
): readonly ImageFinding[] {
  if (!suppresses) return findings;
  return findings.map((each) => {
    const suppression = suppresses(each, subject);
    return suppression ? each.suppressedBy(suppression) : each;
  });
}
