import type { Tx } from './db/schema.ts';
import type { Revocations } from './revocations.ts';
import type { Subject, Subjects } from './subjects.ts';
import type { Tokens } from './tokens.ts';

/** Programs, with the tokens that go when they go. */
export class ServiceAccounts {
  readonly #subjects: Subjects;
  readonly #tokens: Tokens;
  readonly transaction: Revocations['transaction'];

  constructor(subjects: Subjects, tokens: Tokens, revocations: Revocations) {
    this.#subjects = subjects;
    this.#tokens = tokens;
    this.transaction = (work) => revocations.transaction(work);
  }

  async create(
    tx: Tx,
    account: { name: string; description: string; roles: readonly string[]; now: Date },
  ): Promise<Subject> {
    return await this.#subjects.create(tx, { kind: 'service_account', ...account });
  }

  async find(tx: Tx, id: string): Promise<Subject | undefined> {
    const found = await this.#subjects.find(id, tx);
    return found?.kind === 'service_account' ? found : undefined;
  }

  async page(after: string, limit: number): Promise<Subject[]> {
    return await this.#subjects.page('service_account', after, limit);
  }

  /** Deletes the account and revokes its tokens; undefined when there never was one. */
  async delete(tx: Tx, id: string, now: Date): Promise<'deleted' | 'was_deleted' | undefined> {
    const outcome = await this.#subjects.delete(tx, id, 'service_account', now);
    if (outcome === 'deleted') await this.#tokens.revokeAllOf(tx, id, now);
    return outcome;
  }
}
