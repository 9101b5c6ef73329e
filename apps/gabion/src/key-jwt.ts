import { toJson } from '@bufbuild/protobuf';
import { CryptoService, SignJwsResponseSchema } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { askPlatform, type AskOptions as Options, print } from './asking.ts';
import { exitCodes } from './complaint.ts';
import { claimsIn, malformed, refusals } from './jwt-claims.ts';
import { signatureAlgorithmOf } from './key-algorithm.ts';
import { messageIn, usage } from './key-input.ts';

interface JwtOptions extends Options {
  readonly algorithm?: string;
}

/** Signs the claims on standard input, as they are written there. */
export async function signJwt(
  key: string,
  { type, at: version = 0, ...options }: JwtOptions & { readonly type: string; readonly at?: number },
): Promise<void> {
  const payload = Buffer.from((await messageIn(undefined)).toString('utf8').trim());
  const claims = claimsIn(payload);
  if (!claims)
    throw usage('standard input holds no claims: a JSON object', `For example: {"sub":"ci","exp":1767225600}`);
  const [wrong] = malformed(claims);
  if (wrong) throw usage(`the claim ${wrong}`);
  const request = { key, payload, type, version, algorithm: signatureAlgorithmOf(options.algorithm) };
  const answer = await askPlatform(options, ({ client, as }) => client(CryptoService).signJws(request, as));
  if (options.json) return print(toJson(SignJwsResponseSchema, answer, { alwaysEmitImplicit: true }));
  process.stdout.write(`${answer.jws}\n`);
}

/** Prints the claims of a JWT on standard input when its signature, times and audience are right. */
export async function verifyJwt(
  key: string,
  { audience, ...options }: JwtOptions & { readonly audience?: string },
): Promise<void> {
  const jws = (await messageIn(undefined)).toString('utf8').trim();
  if (!/^[\w-]+\.[\w-]*\.[\w-]+$/.test(jws))
    throw usage('standard input holds no JWT: three parts of base64url with dots');
  const request = { key, jws, algorithm: signatureAlgorithmOf(options.algorithm) };
  const answer = await askPlatform(options, ({ client, as }) => client(CryptoService).verifyJws(request, as));
  const claims = answer.isValid ? claimsIn(answer.payload) : undefined;
  const because = !answer.isValid
    ? ['it is not signed by the key']
    : claims
      ? refusals(claims, { now: new Date(), audience })
      : ['its payload is no JSON object'];
  const isValid = because.length === 0;
  if (!isValid) process.exitCode = exitCodes.no;
  if (options.json) return print({ isValid, because, version: answer.version, ...(isValid && { claims }) });
  if (isValid) process.stdout.write(`${Buffer.from(answer.payload).toString('utf8')}\n`);
  else process.stderr.write(`not valid: ${because.join('; ')}\n`);
}
