import { sql } from 'kysely';

/** Number of the last round of judging that the statement sees. */
export const judgingRound = sql`coalesce((select max(id) from judging_rounds), 0)`;
