import { createHash } from 'node:crypto';
import { type DescMessage, fromBinary, type MessageInitShape, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { once } from '@gabion/postgres/idempotency';
import type { Call } from '@gabion/rpc/call';
import { writeMessage } from '@gabion/rpc/definition';
import { Fault } from '@gabion/rpc/fault';
import { pathOf } from '@gabion/rpc/method-path';
import type { Tx } from './db/schema.ts';

/**
 * Runs `work` unless the same caller has made the same call under the same idempotency key before: then the answer of
 * that time is answered. The answer is stored, so it must hold no secret. `isRepeat` tells which of the two it was.
 */
export async function repeatable<I extends DescMessage, O extends DescMessage>(
  tx: Tx,
  call: Call,
  request: { schema: I; message: MessageShape<I> },
  answer: O,
  work: () => Promise<MessageInitShape<O>>,
): Promise<{ answer: MessageShape<O>; isRepeat: boolean }> {
  let isRepeat = true;
  const bytes = async () => {
    isRepeat = false;
    return writeMessage(answer, await work());
  };
  const key = call.idempotencyKey;
  const answered = key === undefined ? await bytes() : await once(tx, use(call, key, request), bytes);
  return { answer: fromBinary(answer, answered), isRepeat };
}

function use<I extends DescMessage>(
  call: Call,
  key: string,
  { schema, message }: { schema: I; message: MessageShape<I> },
) {
  if (key.length === 0 || key.length > 255)
    throw new Fault('invalid_argument', 'an idempotency key has 1 to 255 characters', {
      code: 'idempotency_key_invalid',
    });
  const requestHash = createHash('sha256').update(toBinary(schema, message)).digest('hex');
  return { scope: `${call.caller.id} ${pathOf(call.method)}`, key, requestHash };
}
