import { Fault } from '@gabion/rpc/fault';
import { type Caller, CallerKind, holds } from '@gabion/trust/caller';
import type { Tx } from './db/schema.ts';
import { Roles } from './role.ts';
import { type Subject, Subjects } from './subjects.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** For whom a caller may make tokens. */
export class TokenOwners {
  readonly #subjects: Subjects;
  readonly #roles: Roles;

  constructor(subjects: Subjects, roles: Roles) {
    this.#subjects = subjects;
    this.#roles = roles;
  }

  /** Whose token is asked for: the one named, or the caller's own. */
  forWhom(ownerId: string, caller: Caller): string {
    const whose = ownerId.toLowerCase() || caller.id;
    if (caller.kind === CallerKind.SERVICE || !uuid.test(whose))
      throw new Fault('invalid_argument', 'say whose token it is to be', {
        code: 'owner_required',
        fields: [{ field: 'ownerId', code: 'required', message: 'is required: you have no tokens of your own' }],
      });
    if (whose !== caller.id && !holds(caller, 'tokens.create-any'))
      throw new Fault('permission_denied', 'a token for somebody else needs the permission tokens.create-any');
    return whose;
  }

  /** The owner; throws for one who is gone, shut out, or may do more than the caller: the token would be a way up. */
  async admit(tx: Tx, ownerId: string, caller: Caller): Promise<Subject> {
    const owner = await this.#subjects.find(ownerId, tx);
    if (!owner) throw new Fault('not_found', 'there is no such user or service account', { code: 'subject_unknown' });
    if (owner.disabled)
      throw new Fault('failed_precondition', `${owner.name} is disabled`, { code: 'subject_disabled' });
    if (ownerId !== caller.id) this.#roles.assertCovered(caller, owner.roles);
    return owner;
  }
}
