import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  type AuthenticateRequest,
  type AuthenticateResponseSchema,
  AuthenticationService,
  type WatchRevocationsRequest,
  type WhoAmIRequest,
} from '@gabion/contracts/gabion/identity/v1/authentication_pb';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { Implements } from '@gabion/rpc/implements';
import { counter } from '@gabion/telemetry/metrics';
import { Inject } from '@nestjs/common';
import { type Clock, clock } from './clock.ts';
import { kindOf } from './messages.ts';
import { Revocations } from './revocations.ts';
import { Roles } from './role.ts';
import { matches, prefixOf } from './token.ts';
import { type Shown, Tokens } from './tokens.ts';

type Refused = 'malformed' | 'unknown' | 'revoked' | 'expired' | 'owner_disabled';

const outcomes = () => counter('gabion_identity_authentications_total', 'Tokens shown, by how it ended.', ['outcome']);

@Implements(AuthenticationService)
export class AuthenticationController {
  constructor(
    private readonly tokens: Tokens,
    private readonly roles: Roles,
    private readonly revocations: Revocations,
    @Inject(clock) private readonly now: Clock,
  ) {}

  async authenticate({
    token: text,
  }: AuthenticateRequest): Promise<MessageInitShape<typeof AuthenticateResponseSchema>> {
    const now = this.now();
    const prefix = prefixOf(text);
    if (prefix === undefined) throw refusal('malformed');
    const shown = await this.tokens.byPrefix(prefix);
    if (!matches(text, shown?.hash) || !shown) throw refusal('unknown');
    const refused = whyRefused(shown, now);
    if (refused) throw refusal(refused);
    await this.tokens.noteUse(shown.id, now);
    outcomes().inc({ outcome: 'ok' });
    return {
      caller: {
        kind: kindOf(shown.owner_kind),
        id: shown.owner_id,
        name: shown.owner_name,
        permissions: this.roles.permissionsOf(shown.roles),
        tokenId: shown.id,
      },
      expireTime: timestampFromDate(shown.expire_time),
    };
  }

  watchRevocations(requests: AsyncIterable<WatchRevocationsRequest>, call: Call) {
    return this.revocations.watch(requests, call.signal);
  }

  async whoAmI(_request: WhoAmIRequest, call: Call) {
    return call.caller;
  }
}

function whyRefused(shown: Shown, now: Date): Refused | undefined {
  if (shown.revoke_time) return 'revoked';
  if (shown.expire_time <= now) return 'expired';
  return shown.disabled || shown.delete_time ? 'owner_disabled' : undefined;
}

/** Only who shows the whole secret learns why; for everybody else all tokens look alike. */
function refusal(why: Refused): Fault {
  outcomes().inc({ outcome: why });
  switch (why) {
    case 'malformed':
    case 'unknown':
      return new Fault('unauthenticated', 'the token is not valid', { code: 'token_invalid' });
    case 'revoked':
      return new Fault('unauthenticated', 'the token was revoked', { code: 'token_revoked' });
    case 'expired':
      return new Fault('unauthenticated', 'the token has expired', { code: 'token_expired' });
    case 'owner_disabled':
      return new Fault('unauthenticated', 'the owner of the token is shut out', { code: 'token_owner_disabled' });
    default: {
      const never: never = why;
      throw new Error(`unknown refusal ${never}`);
    }
  }
}
