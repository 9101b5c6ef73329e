import { toJson } from '@bufbuild/protobuf';
import {
  SecretOperation,
  type SecretPolicy,
  SecretPolicySchema,
  SecretPolicyService,
  type SecretStatement,
} from '@gabion/contracts/gabion/kms/v1/secret_policies_pb';
import { allPages, askPlatform, type AskOptions as Options, print } from './asking.ts';
import { Complaint, exitCodes } from './complaint.ts';
import { day, table } from './table.ts';

/** Sets who may do what with a path, in place of what was set. */
export async function setPolicy(
  path: string,
  options: Options & { readonly allow: Readonly<Record<string, string>> },
): Promise<void> {
  const statements = Object.entries(options.allow).map(([caller, names]) => ({
    callers: [caller],
    operations: names.split(',').map((name) => operationOf(name.trim())),
  }));
  const request = { path, statements };
  show(
    await askPlatform(options, ({ client, as }) => client(SecretPolicyService).putSecretPolicy(request, as)),
    options,
  );
}

export async function showPolicy(path: string, options: Options): Promise<void> {
  show(
    await askPlatform(options, ({ client, as }) => client(SecretPolicyService).getSecretPolicy({ path }, as)),
    options,
  );
}

/** Lists policies by path, page by page. */
export async function listPolicies(options: Options): Promise<void> {
  const found = await askPlatform(options, ({ client, as }) =>
    allPages(
      (pageToken) => client(SecretPolicyService).listSecretPolicies({ pageSize: 500, pageToken }, as),
      ({ policies }) => policies,
    ),
  );
  if (options.json) return print({ policies: found.map(jsonOf) });
  const rows = found.map(({ path, statements, updateTime }) => [
    path,
    String(new Set(statements.flatMap(({ callers }) => callers)).size),
    day(updateTime),
  ]);
  process.stdout.write(
    rows.length === 0 ? 'There is no policy: gabion secrets policy set\n' : table(['PATH', 'CALLERS', 'SET'], rows),
  );
}

export async function removePolicy(path: string, options: Options): Promise<void> {
  await askPlatform(options, ({ client, as }) => client(SecretPolicyService).deleteSecretPolicy({ path }, as));
  if (options.json) return print({ path });
  process.stdout.write(`${path} has no policy of its own any more\n`);
}

const operations = new Map(
  Object.values(SecretOperation)
    .filter((each) => typeof each === 'number' && each !== SecretOperation.UNSPECIFIED)
    .map((each) => [nameOf(each as SecretOperation), each as SecretOperation]),
);

function operationOf(name: string): SecretOperation {
  const operation = operations.get(name);
  if (operation !== undefined) return operation;
  throw new Complaint(`there is no operation "${name}": ${[...operations.keys()].join(', ')}`, {
    code: 'usage',
    exitCode: exitCodes.usage,
  });
}

function nameOf(operation: SecretOperation): string {
  return (SecretOperation[operation] ?? '').toLowerCase();
}

function show(policy: SecretPolicy, { json }: Options): void {
  if (json) return print(jsonOf(policy));
  const rows = policy.statements.flatMap(rowsOf);
  process.stdout.write(`${policy.path}\n${table(['CALLER', 'OPERATIONS'], rows)}`);
}

function rowsOf({ callers, operations: allowed }: SecretStatement): string[][] {
  return callers.map((caller) => [caller, allowed.map(nameOf).join(', ')]);
}

function jsonOf(policy: SecretPolicy) {
  return toJson(SecretPolicySchema, policy, { alwaysEmitImplicit: true });
}
