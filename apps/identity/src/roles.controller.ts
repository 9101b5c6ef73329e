import {
  type ListRolesRequest,
  RoleService,
  type SetRolesRequest,
} from '@gabion/contracts/gabion/identity/v1/roles_pb';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { Implements } from '@gabion/rpc/implements';
import { audit } from '@gabion/service/audit';
import { assertNotLast } from './administrators.ts';
import { Revocations } from './revocations.ts';
import { administrator, Roles } from './role.ts';
import { Subjects } from './subjects.ts';

@Implements(RoleService)
export class RolesController {
  constructor(
    private readonly roles: Roles,
    private readonly subjects: Subjects,
    private readonly revocations: Revocations,
  ) {}

  async listRoles(_request: ListRolesRequest) {
    return { roles: this.roles.all.map((role) => ({ ...role, permissions: [...role.permissions] })) };
  }

  async setRoles({ subjectId, roles: wanted }: SetRolesRequest, call: Call) {
    const names = this.roles.named(wanted);
    return await this.revocations.transaction(async (tx, revoke) => {
      await this.subjects.lockAdministrators(tx);
      const subject = await this.subjects.find(subjectId, tx);
      if (!subject)
        throw new Fault('not_found', 'there is no such user or service account', { code: 'subject_unknown' });
      const granted = names.filter((name) => !subject.roles.includes(name));
      const taken = subject.roles.filter((name) => !names.includes(name));
      this.roles.assertCovered(call.caller, [...granted, ...taken]);
      if (taken.includes(administrator)) await assertNotLast(this.subjects, tx, subject);
      // Told even when nothing changes: the answer to a first call may have been lost half-way.
      await revoke({ callerId: subject.id });
      if (granted.length > 0 || taken.length > 0) {
        await this.subjects.setRoles(tx, subject.id, names);
        const details = { granted: granted.join(' '), taken: taken.join(' ') };
        await audit(tx, call, { service: 'identity', resource: `subjects/${subject.id}`, details });
      }
      return { roles: names };
    });
  }
}
