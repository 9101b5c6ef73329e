import { z } from 'zod';
import type { SecretData } from '../secrets/secret-values.ts';
import { rotationFaults } from './rotation-faults.ts';

const answer = z.strictObject({ data: z.record(z.string().min(1).max(256), z.base64()) });

/** The data in a hook's answer, `{"data": {name: base64}}` and nothing else. Throws `hook_answer_invalid`. */
export function dataInAnswer(body: Uint8Array): SecretData {
  const text = textIn(body);
  const { success, data: found } = answer.safeParse(jsonIn(text));
  if (!success) throw rotationFaults.answerInvalid('is not {"data": {name: base64}}');
  const names = Object.keys(found.data);
  if (names.length === 0 || names.length > 256) throw rotationFaults.answerInvalid('has no values, or more than 256');
  // JSON.parse takes the last of those that are there twice, which need not be what the hook meant.
  if (namesIn(text) !== names.length + 1) throw rotationFaults.answerInvalid('has a name twice');
  return Object.fromEntries(names.map((name) => [name, Buffer.from(found.data[name] ?? '', 'base64')]));
}

function textIn(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw rotationFaults.answerInvalid('is not UTF-8');
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw rotationFaults.answerInvalid('is no JSON');
  }
}

/** How many names a text has that is known to be JSON: texts with a colon behind them. */
function namesIn(json: string): number {
  const texts = json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"\s*(:?)/gs);
  return [...texts].filter(([, colon]) => colon === ':').length;
}
