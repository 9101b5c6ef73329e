import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { CommandLine } from './command-line.ts';

let gabion: CommandLine;

beforeEach(async () => {
  gabion = await CommandLine.open();
});

afterEach(() => gabion[Symbol.asyncDispose]());

it('makes no core dumps of the platform', async () => {
  const { pid } = await gabion.up();
  expect(await coreLimitOf(pid)).toEqual(['0', '0']);
});

it('makes no core dumps of kms-secrets in a process of its own', async () => {
  // A database that takes the connection and says nothing holds the service where it has just begun.
  const database = createServer();
  await new Promise<void>((listening) => database.listen(0, '127.0.0.1', listening));
  const isAsked = new Promise<void>((resolve) => database.once('connection', () => resolve()));
  const { port } = database.address() as { port: number };
  const service = gabion.start(['service', 'kms-secrets'], {
    GABION_POSTGRES_URL: `postgres://gabion@127.0.0.1:${port}/gabion`,
    GABION_KAFKA_BROKERS: '127.0.0.1:1',
  });
  await isAsked;
  expect(await coreLimitOf(service.pid as number)).toEqual(['0', '0']);
  database.close();
});

it('does not start where the heap would be written to files', async () => {
  const ended = await gabion.run(['up', '--port', '0', '--grpc-port', '0'], {
    NODE_OPTIONS: '--heapsnapshot-signal=SIGUSR2',
  });
  expect(ended).toMatchObject({ code: 3, err: expect.stringContaining('start it without --heapsnapshot-signal') });
});

/** The soft and the hard limit of a core file, of proc_pid_limits(5). */
async function coreLimitOf(pid: number): Promise<string[]> {
  const limits = await readFile(`/proc/${pid}/limits`, 'utf8');
  return /^Max core file size +(\S+) +(\S+)/m.exec(limits)?.slice(1) ?? [];
}
