import { create } from '@bufbuild/protobuf';
import { CallerSchema } from '@gabion/contracts/gabion/identity/v1/caller_pb';
import type { Connection } from '@gabion/rpc/client';
import { CallerKind } from '@gabion/trust/caller';

/** Something that goes on while the service is killed, with what it was acknowledged. */
export interface Lane {
  /** Once, when the service is open for the first time. */
  begin?(connection: Connection): Promise<void>;
  /** One operation, which the service acknowledges or which throws. */
  work(connection: Connection): Promise<void>;
  /** What is not as it was acknowledged. */
  lost(connection: Connection): Promise<string[]>;
  /** After the last kill: has what was begun come to its end, and answers what is wrong then. */
  finish?(connection: Connection): Promise<string[]>;
  /** What was done, for the summary. */
  readonly told: string;
}

const caller = create(CallerSchema, { kind: CallerKind.USER, id: 'local', name: 'local', permissions: ['*'] });
/** How calls are made. */
export const as = { caller, deadlineMs: 10_000 };

/** The code of the fault with which a call ends; the answer where it does not. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    (answer) => JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? `${value}` : value)).slice(0, 100),
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
}
