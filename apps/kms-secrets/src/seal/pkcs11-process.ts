import { text } from 'node:stream/consumers';
import { forbidDumps } from '../dumps.ts';
import { Pkcs11Error } from './pkcs11-library.ts';
import { answerOf, type TokenAnswer, type TokenRequest } from './pkcs11-session.ts';

// One operation of a token: the request on standard input, the answer on standard output.
await forbidDumps();
const request = JSON.parse(await text(process.stdin)) as TokenRequest;
let answer: TokenAnswer;
try {
  answer = answerOf(request);
} catch (error) {
  answer = { problem: (error as Error).message, isFinal: error instanceof Pkcs11Error && error.isFinal };
}
process.stdout.write(JSON.stringify(answer));
