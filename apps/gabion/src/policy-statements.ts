import { type MessageInitShape, toJson } from '@bufbuild/protobuf';
import {
  KeyOperation,
  type KeyPolicy,
  KeyPolicySchema,
  type KeyStatementSchema,
} from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { enumNames } from './enum-names.ts';
import { usage } from './key-input.ts';

type Statement = MessageInitShape<typeof KeyStatementSchema>;

const operations = enumNames<KeyOperation>(KeyOperation);

const statementForm = z.strictObject({
  callers: z.array(z.string().min(1, 'is empty')).min(1, 'name nobody'),
  operations: z.array(z.string().transform(operationIn)).min(1, 'name nothing'),
  context: z.record(z.string(), z.string()).default({}),
  maxOperationsPerSecond: z.int().min(0).max(4_294_967_295).default(0),
});
const policyForm = z.strictObject({ statements: z.array(statementForm) });

/** The statements of a file, YAML or JSON: a list of them, or as `gabion keys policy show` prints them. */
export function statementsIn(text: string, where: string): Statement[] {
  const content = yamlIn(text, where);
  const read = policyForm.safeParse(Array.isArray(content) ? { statements: content } : content);
  if (read.success) return read.data.statements;
  const [issue] = read.error.issues;
  throw usage(`${where}: ${pathOf(issue?.path ?? [])}: ${issue?.message}`, 'See `gabion keys policy set --help`.');
}

/** One statement as `--allow` has it: caller=ID,operations=encrypt+decrypt,context=name:value,rate=100. */
export function statementOf(text: string): Statement {
  const parts = text.split(',').map((part) => {
    const at = part.indexOf('=');
    return { name: part.slice(0, at < 0 ? undefined : at), value: at < 0 ? '' : part.slice(at + 1) };
  });
  const other = parts.find(({ name }) => !['caller', 'operations', 'context', 'rate'].includes(name));
  if (other) throw refused(text, `"${other.name}" is none of caller, operations, context and rate`);
  const valuesOf = (wanted: string) => parts.flatMap(({ name, value }) => (name === wanted ? [value] : []));
  const read = statementForm.safeParse({
    callers: valuesOf('caller'),
    operations: valuesOf('operations').flatMap((each) => each.split('+')),
    context: Object.fromEntries(valuesOf('context').map((each) => contextIn(text, each))),
    maxOperationsPerSecond: rateIn(text, valuesOf('rate')),
  });
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw refused(text, `${pathOf(issue?.path ?? [])}: ${issue?.message}`);
}

/** The form that `statementsIn` reads. */
export function yamlOf({ statements }: KeyPolicy): string {
  return stringify({
    statements: statements.map((each) => ({
      callers: each.callers,
      operations: each.operations.map((operation) => operations.nameOf(operation) ?? String(operation)),
      ...(Object.keys(each.context).length > 0 && { context: each.context }),
      ...(each.maxOperationsPerSecond > 0 && { maxOperationsPerSecond: each.maxOperationsPerSecond }),
    })),
  });
}

function yamlIn(text: string, where: string): unknown {
  try {
    // Throws its own errors of syntax, and of aliases that name nothing or too much.
    return parse(text);
  } catch (error) {
    throw usage(`${where} is no YAML: ${(error as Error).message.split('\n')[0]}`);
  }
}

export function policyJson(policy: KeyPolicy) {
  return toJson(KeyPolicySchema, policy, { alwaysEmitImplicit: true });
}

/** By the name that people or the contract's JSON have for it. */
function operationIn(name: string, context: z.RefinementCtx): KeyOperation {
  const found = operations.of(
    name
      .replace(/^KEY_OPERATION_/, '')
      .toLowerCase()
      .replaceAll('_', '-'),
  );
  if (found !== undefined) return found;
  context.addIssue({ code: 'custom', message: `"${name}" is none of ${operations.names.join(', ')}` });
  return z.NEVER;
}

function rateIn(text: string, [rate = '0', ...more]: readonly string[]): number {
  if (!/^\d{1,9}$/.test(rate) || more.length > 0) throw refused(text, 'rate is one number');
  return Number(rate);
}

function contextIn(text: string, each: string): [string, string] {
  const at = each.indexOf(':');
  if (at < 1) throw refused(text, `context "${each}" is not name:value`);
  return [each.slice(0, at), each.slice(at + 1)];
}

function refused(text: string, because: string) {
  return usage(`--allow ${text}: ${because}`, 'For example: --allow caller=service:shop,operations=encrypt+decrypt');
}

/** "statements[0].callers". */
function pathOf(path: readonly PropertyKey[]): string {
  const written = path.map((each) => (typeof each === 'number' ? `[${each}]` : `.${String(each)}`)).join('');
  return written.replace(/^\./, '') || 'the file';
}
