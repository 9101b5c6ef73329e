import { toJson } from '@bufbuild/protobuf';
import { AuthenticationService } from '@gabion/contracts/gabion/identity/v1/authentication_pb';
import { CallerKind, CallerSchema } from '@gabion/contracts/gabion/identity/v1/caller_pb';
import {
  CreateTokenResponseSchema,
  type Token,
  TokenSchema,
  TokenService,
} from '@gabion/contracts/gabion/identity/v1/tokens_pb';
import { allPages, print } from './asking.ts';
import { needPlatform } from './reach.ts';
import { day, table } from './table.ts';

interface Options {
  readonly data?: string;
  readonly json?: true;
}

const secondsADay = 86_400;

/** Makes a token; its text alone goes to standard output, so that a script can keep it. */
export async function createToken(name: string, options: Options & { days: number; owner?: string }): Promise<void> {
  await using platform = await needPlatform(options.data, process.env);
  const request = { name, ownerId: options.owner ?? '', lifetimeSeconds: options.days * secondsADay };
  const created = await platform.client(TokenService).createToken(request, platform.as);
  if (options.json) {
    print(toJson(CreateTokenResponseSchema, created));
    return;
  }
  process.stderr.write(
    `Token ${created.token?.id}, in force until ${day(created.token?.expireTime)}; shown this once:\n`,
  );
  process.stdout.write(`${created.text}\n`);
}

/** Lists tokens, newest first. */
export async function listTokens(options: Options & { all?: true }): Promise<void> {
  await using platform = await needPlatform(options.data, process.env);
  const asked = { pageSize: 500, includeRevoked: options.all ?? false };
  const tokens = await allPages(
    (pageToken) => platform.client(TokenService).listTokens({ ...asked, pageToken }, platform.as),
    (page) => page.tokens,
  );
  if (options.json) {
    print({ tokens: tokens.map((each) => toJson(TokenSchema, each)) });
    return;
  }
  process.stdout.write(table(['ID', 'NAME', 'OWNER', 'PREFIX', 'EXPIRES', 'LAST USE', 'STATE'], tokens.map(row)));
}

function row(token: Token): string[] {
  const { id, name, ownerName, prefix, expireTime, lastUseTime, revokeTime } = token;
  return [id, name, ownerName, prefix, day(expireTime), day(lastUseTime), revokeTime ? 'revoked' : 'in force'];
}

/** Revokes a token. */
export async function revokeToken(id: string, options: Options): Promise<void> {
  await using platform = await needPlatform(options.data, process.env);
  const token = await platform.client(TokenService).revokeToken({ id }, platform.as);
  if (options.json) return print(toJson(TokenSchema, token));
  process.stdout.write(`Revoked ${token.name} (${token.prefix}…)\n`);
}

/** Says whose the token is. */
export async function whoAmI(options: Options): Promise<void> {
  await using platform = await needPlatform(options.data, process.env);
  const caller = await platform.client(AuthenticationService).whoAmI({}, platform.as);
  if (options.json) {
    print(toJson(CallerSchema, caller));
    return;
  }
  const kind = (CallerKind[caller.kind] ?? '').toLowerCase().replaceAll('_', ' ');
  process.stdout.write(`${caller.name} (${kind} ${caller.id})\n`);
  process.stdout.write(`  may  ${caller.permissions.join(', ') || 'nothing'}\n`);
}
