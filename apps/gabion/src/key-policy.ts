import type { MessageInitShape } from '@bufbuild/protobuf';
import { create } from '@bufbuild/protobuf';
import { type Key, KeyPolicySchema, KeyService } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { askPlatform, type AskOptions as Options, print } from './asking.ts';
import { contentOf, nameOf, usage } from './key-input.ts';
import { counted } from './key-table.ts';
import { policyJson, statementOf, statementsIn, yamlOf } from './policy-statements.ts';

interface PolicyOptions extends Options {
  readonly file?: string;
  readonly allow?: readonly string[];
}

/** Prints the policy in the form that `setPolicy` takes. */
export async function showPolicy(key: string, options: Options): Promise<void> {
  const found = await askPlatform(options, ({ client, as }) => client(KeyService).getKey({ key }, as));
  const policy = policyOf(found);
  if (options.json) return print(policyJson(policy));
  process.stdout.write(yamlOf(policy));
  if (policy.statements.length === 0) process.stderr.write('Without statements, roles alone say who may use the key\n');
}

/** Puts statements in the place of those that are there. */
export async function setPolicy(key: string, options: PolicyOptions): Promise<void> {
  const { file, allow = [] } = options;
  if ((file === undefined) === (allow.length === 0)) throw usage('say who may do what: --file FILE, or --allow');
  const statements =
    file === undefined ? allow.map(statementOf) : statementsIn((await contentOf(file)).toString('utf8'), nameOf(file));
  if (statements.length === 0)
    throw usage(`${nameOf(file)} holds no statement`, `To take the policy away: gabion keys policy clear ${key}`);
  await put(key, { statements }, options);
}

export async function clearPolicy(key: string, options: Options): Promise<void> {
  await put(key, {}, options);
}

async function put(key: string, policy: MessageInitShape<typeof KeyPolicySchema>, options: Options): Promise<void> {
  const changed = await askPlatform(options, ({ client, as }) => client(KeyService).setKeyPolicy({ key, policy }, as));
  if (options.json) return print(policyJson(policyOf(changed)));
  const { length } = policyOf(changed).statements;
  const sentence =
    length === 0 ? 'roles alone say who may use it' : `its policy has ${counted(length)}; no other use is allowed`;
  process.stdout.write(`${changed.name}: ${sentence}\n`);
}

function policyOf({ policy }: Key) {
  return policy ?? create(KeyPolicySchema);
}
