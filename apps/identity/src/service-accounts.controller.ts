import {
  type CreateServiceAccountRequest,
  CreateServiceAccountRequestSchema,
  type DeleteServiceAccountRequest,
  type ListServiceAccountsRequest,
  ServiceAccountSchema,
  ServiceAccountService,
} from '@gabion/contracts/gabion/identity/v1/users_pb';
import { pageToken, positionIn } from '@gabion/postgres/pages';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { Implements } from '@gabion/rpc/implements';
import { audit } from '@gabion/service/audit';
import { Inject } from '@nestjs/common';
import { type Clock, clock } from './clock.ts';
import { serviceAccountMessage } from './messages.ts';
import { defaultPageSize } from './paging.ts';
import { repeatable } from './repeatable.ts';
import { Roles } from './role.ts';
import { ServiceAccounts } from './service-accounts.ts';

const service = 'identity';

@Implements(ServiceAccountService)
export class ServiceAccountsController {
  constructor(
    private readonly accounts: ServiceAccounts,
    private readonly roles: Roles,
    @Inject(clock) private readonly now: Clock,
  ) {}

  async createServiceAccount(message: CreateServiceAccountRequest, call: Call) {
    const { name, description } = message;
    const roles = this.roles.named(message.roles);
    this.roles.assertCovered(call.caller, roles);
    const request = { schema: CreateServiceAccountRequestSchema, message };
    return await this.accounts.transaction(async (tx) => {
      const { answer } = await repeatable(tx, call, request, ServiceAccountSchema, async () => {
        const account = await this.accounts.create(tx, { name, description, roles, now: this.now() });
        const details = { name, roles: roles.join(' ') };
        await audit(tx, call, { service, resource: `service-accounts/${account.id}`, details });
        return serviceAccountMessage(account);
      });
      return answer;
    });
  }

  async listServiceAccounts({ pageSize, pageToken: after }: ListServiceAccountsRequest) {
    const start = positionIn(after, { name: 'string' }, 'service-accounts');
    const limit = pageSize || defaultPageSize;
    const found = await this.accounts.page(start?.name ?? '', limit + 1);
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return {
      serviceAccounts: page.map(serviceAccountMessage),
      nextPageToken: last ? pageToken({ name: last.name }, 'service-accounts') : '',
    };
  }

  async deleteServiceAccount({ id }: DeleteServiceAccountRequest, call: Call) {
    await this.accounts.transaction(async (tx, revoke) => {
      const account = await this.accounts.find(tx, id);
      if (account) this.roles.assertCovered(call.caller, account.roles);
      const outcome = await this.accounts.delete(tx, id, this.now());
      if (!outcome)
        throw new Fault('not_found', 'there is no such service account', { code: 'service_account_unknown' });
      // Told again for one that is deleted already: the answer to the first call may have been lost half-way.
      await revoke({ callerId: id });
      if (outcome === 'deleted')
        await audit(tx, call, { service, resource: `service-accounts/${id}`, details: { name: account?.name ?? '' } });
    });
    return {};
  }
}
