import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const patienceMs = 2_000;

/**
 * Whether a broker answers at `broker` and knows of itself: an open port alone says nothing. Spoken over a plain socket,
 * since a client of kafkajs leaves a timer of 1 ms and its warnings behind in every process that waits for a broker.
 */
export async function answersKafka(broker: string): Promise<boolean> {
  const at = broker.lastIndexOf(':');
  const socket = connect(Number(broker.slice(at + 1)), broker.slice(0, at));
  try {
    const answer = await Promise.race([ask(socket), delay(patienceMs, undefined, { ref: false })]);
    return answer !== undefined && answer.length > 8 && knownBrokers(answer) > 0;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

const correlationId = 0x6a626f6e;

/** Sends a Metadata request (key 3, version 1, about no topic); answers the response behind its length. */
async function ask(socket: Socket): Promise<Buffer> {
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  const request = Buffer.alloc(18);
  request.writeInt32BE(14, 0);
  request.writeInt16BE(3, 4);
  request.writeInt16BE(1, 6);
  request.writeInt32BE(correlationId, 8);
  // A client id that is null, and an empty list of topics.
  request.writeInt16BE(-1, 12);
  request.writeInt32BE(0, 14);
  socket.write(request);
  let received = Buffer.alloc(0);
  for await (const chunk of socket) {
    received = Buffer.concat([received, chunk as Buffer]);
    if (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) return received.subarray(4);
  }
  throw new Error('the broker hung up');
}

/** The length of the list of brokers, which stands first in the answer. */
function knownBrokers(answer: Buffer): number {
  return answer.readInt32BE(0) === correlationId ? answer.readInt32BE(4) : 0;
}
