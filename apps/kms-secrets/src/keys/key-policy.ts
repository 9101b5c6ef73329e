import type { KeyOperation, KeyStatement } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { Fault } from '@gabion/rpc/fault';
import type { Caller } from '@gabion/trust/caller';
import { callerName } from '../caller-name.ts';
import { keyFaults } from './key-faults.ts';
import type { KeyRecord } from './key-ring.ts';

/** What a use says of itself. */
export interface KeyUseAsked {
  readonly caller: Caller;
  readonly operation: KeyOperation;
  readonly context: ReadonlyMap<string, string>;
}

/** Throws unless the context names all that the key's settings ask of it. */
export function assertContext(key: KeyRecord, context: ReadonlyMap<string, string>): void {
  const missing = key.settings.requiredContext.find((name) => !context.has(name));
  if (missing !== undefined) throw keyFaults.invalid('context', `needs "${missing}"`, 'context_required');
}

/** Throws unless the key's policy, if it has statements, allows the use; answers the statement that does. */
export function allowedBy(key: KeyRecord, asked: KeyUseAsked): KeyStatement | undefined {
  const { statements } = key.policy;
  if (statements.length === 0) return undefined;
  const statement = statements.find((each) => allows(each, asked));
  if (!statement)
    throw new Fault('permission_denied', 'the policy of the key does not allow this', {
      code: 'not_allowed_by_policy',
    });
  return statement;
}

function allows({ callers, operations, context }: KeyStatement, asked: KeyUseAsked): boolean {
  // Byte by byte: folding cases has given away privileges elsewhere (CVE-2025-5999).
  if (!callers.includes(callerName(asked.caller)) || !operations.includes(asked.operation)) return false;
  return Object.entries(context).every(([name, value]) => asked.context.get(name) === value);
}
