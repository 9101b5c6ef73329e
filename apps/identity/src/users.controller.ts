import {
  type CreateUserRequest,
  CreateUserRequestSchema,
  type DisableUserRequest,
  type EnableUserRequest,
  type GetUserRequest,
  type ListUsersRequest,
  UserSchema,
  UserService,
} from '@gabion/contracts/gabion/identity/v1/users_pb';
import { pageToken, positionIn } from '@gabion/postgres/pages';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { Implements } from '@gabion/rpc/implements';
import { audit } from '@gabion/service/audit';
import { Inject } from '@nestjs/common';
import { assertNotLast } from './administrators.ts';
import { type Clock, clock } from './clock.ts';
import { userMessage } from './messages.ts';
import { defaultPageSize } from './paging.ts';
import { repeatable } from './repeatable.ts';
import { Revocations } from './revocations.ts';
import { Roles } from './role.ts';
import { type Subject, Subjects } from './subjects.ts';

const service = 'identity';

@Implements(UserService)
export class UsersController {
  constructor(
    private readonly subjects: Subjects,
    private readonly roles: Roles,
    private readonly revocations: Revocations,
    @Inject(clock) private readonly now: Clock,
  ) {}

  async createUser(message: CreateUserRequest, call: Call) {
    const { name, email } = message;
    const roles = this.roles.named(message.roles);
    this.roles.assertCovered(call.caller, roles);
    const request = { schema: CreateUserRequestSchema, message };
    return await this.revocations.transaction(async (tx) => {
      const { answer } = await repeatable(tx, call, request, UserSchema, async () => {
        const user = await this.subjects.create(tx, { kind: 'user', name, email, roles, now: this.now() });
        await audit(tx, call, { service, resource: `users/${user.id}`, details: { name, roles: roles.join(' ') } });
        return userMessage(user);
      });
      return answer;
    });
  }

  async getUser({ id }: GetUserRequest) {
    return userMessage(userIn(await this.subjects.find(id)));
  }

  async listUsers({ pageSize, pageToken: after }: ListUsersRequest) {
    const start = positionIn(after, { name: 'string' }, 'users');
    const limit = pageSize || defaultPageSize;
    const found = await this.subjects.page('user', start?.name ?? '', limit + 1);
    const users = found.slice(0, limit);
    const last = found.length > limit ? users.at(-1) : undefined;
    return { users: users.map(userMessage), nextPageToken: last ? pageToken({ name: last.name }, 'users') : '' };
  }

  async disableUser({ id }: DisableUserRequest, call: Call) {
    return await this.revocations.transaction(async (tx, revoke) => {
      await this.subjects.lockAdministrators(tx);
      const user = userIn(await this.subjects.find(id, tx));
      this.roles.assertCovered(call.caller, user.roles);
      // Told again for one who is out already: the answer to the first call may have been lost half-way.
      await revoke({ callerId: id });
      if (user.disabled) return userMessage(user);
      await assertNotLast(this.subjects, tx, user);
      await this.subjects.setDisabled(tx, id, true);
      await audit(tx, call, { service, resource: `users/${id}`, details: { name: user.name } });
      return userMessage({ ...user, disabled: true });
    });
  }

  async enableUser({ id }: EnableUserRequest, call: Call) {
    return await this.revocations.transaction(async (tx) => {
      const user = userIn(await this.subjects.find(id, tx));
      this.roles.assertCovered(call.caller, user.roles);
      if (!user.disabled) return userMessage(user);
      await this.subjects.setDisabled(tx, id, false);
      await audit(tx, call, { service, resource: `users/${id}`, details: { name: user.name } });
      return userMessage({ ...user, disabled: false });
    });
  }
}

function userIn(subject: Subject | undefined): Subject {
  if (subject?.kind === 'user') return subject;
  throw new Fault('not_found', 'there is no such user', { code: 'user_unknown' });
}
