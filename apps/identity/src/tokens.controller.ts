import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type CreateTokenRequest,
  CreateTokenRequestSchema,
  CreateTokenResponseSchema,
  type ListTokensRequest,
  type RevokeTokenRequest,
  TokenService,
} from '@gabion/contracts/gabion/identity/v1/tokens_pb';
import { pageToken, positionIn } from '@gabion/postgres/pages';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { Implements } from '@gabion/rpc/implements';
import { audit } from '@gabion/service/audit';
import { holds } from '@gabion/trust/caller';
import { Inject } from '@nestjs/common';
import { type Clock, clock } from './clock.ts';
import type { Tx } from './db/schema.ts';
import { tokenMessage } from './messages.ts';
import { defaultPageSize } from './paging.ts';
import { repeatable } from './repeatable.ts';
import { Revocations } from './revocations.ts';
import { defaultLifetimeSeconds, type MintedToken, maxLifetimeSeconds, mint } from './token.ts';
import { TokenOwners } from './token-owners.ts';
import { Tokens } from './tokens.ts';

const service = 'identity';

@Implements(TokenService)
export class TokensController {
  constructor(
    private readonly tokens: Tokens,
    private readonly owners: TokenOwners,
    private readonly revocations: Revocations,
    @Inject(clock) private readonly now: Clock,
  ) {}

  async createToken(
    message: CreateTokenRequest,
    call: Call,
  ): Promise<MessageInitShape<typeof CreateTokenResponseSchema>> {
    const ownerId = this.owners.forWhom(message.ownerId, call.caller);
    const request = { schema: CreateTokenRequestSchema, message };
    const minted = mint();
    return await this.revocations.transaction(async (tx, revoke) => {
      const make = () => this.#make(tx, call, message, ownerId, minted);
      const { answer, isRepeat } = await repeatable(tx, call, request, CreateTokenResponseSchema, make);
      if (!isRepeat) return { ...answer, text: minted.text };
      // The text of the first answer was not kept. Whoever asks again did not get it: the same token gets a new secret.
      const renewed = mint(answer.token?.prefix);
      const id = answer.token?.id ?? '';
      if (!(await this.tokens.replaceSecret(tx, id, renewed.hash)))
        throw new Fault(
          'already_exists',
          'the token of this idempotency key is in use or revoked; its text is not kept',
          {
            code: 'token_already_shown',
          },
        );
      await revoke({ callerId: ownerId });
      await audit(tx, call, { service, resource: `tokens/${id}`, details: { repeat: 'secret replaced' } });
      return { ...answer, text: renewed.text };
    });
  }

  async listTokens({ ownerId, includeRevoked, pageSize, pageToken: after }: ListTokensRequest, call: Call) {
    const whose = holds(call.caller, 'tokens.list-all') ? ownerId || undefined : ownerId || call.caller.id;
    if (whose !== call.caller.id && !holds(call.caller, 'tokens.list-all'))
      throw new Fault('permission_denied', "others' tokens need the permission tokens.list-all");
    const query = `tokens ${whose ?? '*'} ${includeRevoked}`;
    const start = positionIn(after, { time: 'number', id: 'string' }, query);
    const limit = pageSize || defaultPageSize;
    const found = await this.tokens.page({
      ownerId: whose,
      includeRevoked,
      after: start && { time: new Date(start.time), id: start.id },
      limit: limit + 1,
    });
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return {
      tokens: page.map(tokenMessage),
      nextPageToken: last ? pageToken({ time: last.create_time.getTime(), id: last.id }, query) : '',
    };
  }

  async revokeToken({ id }: RevokeTokenRequest, call: Call) {
    const now = this.now();
    return await this.revocations.transaction(async (tx, revoke) => {
      const token = await this.tokens.find(tx, id);
      if (!token) throw new Fault('not_found', 'there is no such token', { code: 'token_unknown' });
      if (token.owner_id !== call.caller.id && !holds(call.caller, 'tokens.revoke-any'))
        throw new Fault('permission_denied', "others' tokens need the permission tokens.revoke-any");
      // Told again for a token that is revoked already: the answer to the first call may have been lost half-way.
      await revoke({ callerId: token.owner_id });
      if (token.revoke_time) return tokenMessage(token);
      await this.tokens.revoke(tx, id, now);
      await audit(tx, call, { service, resource: `tokens/${id}`, details: { owner: token.owner_id } });
      return tokenMessage({ ...token, revoke_time: now });
    });
  }

  async #make(tx: Tx, call: Call, { name, lifetimeSeconds }: CreateTokenRequest, ownerId: string, minted: MintedToken) {
    const owner = await this.owners.admit(tx, ownerId, call.caller);
    const now = this.now();
    const seconds = Math.min(lifetimeSeconds || defaultLifetimeSeconds, maxLifetimeSeconds);
    const row = await this.tokens.create(tx, {
      owner_id: owner.id,
      name,
      prefix: minted.prefix,
      hash: minted.hash,
      create_time: now,
      expire_time: new Date(now.getTime() + seconds * 1000),
    });
    await audit(tx, call, {
      service,
      resource: `tokens/${row.id}`,
      details: { owner: owner.id, expires: row.expire_time.toISOString(), with_token: call.caller.tokenId },
    });
    return { token: tokenMessage({ ...row, owner_kind: owner.kind, owner_name: owner.name }) };
  }
}
