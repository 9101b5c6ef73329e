import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { cut } from './log-file.ts';

it('moves a long log aside while it is written to, and loses no line', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gabion-log-'));
  const path = join(folder, 'gabion.log');
  await using log = await open(path, 'a');
  await log.write('first\n');
  cut(path, 100);
  expect(await readFile(path, 'utf8')).toBe('first\n');
  cut(path, 3);
  await log.write('second\n');
  expect([await readFile(`${path}.1`, 'utf8'), await readFile(path, 'utf8')]).toEqual(['first\n', 'second\n']);
  await rm(folder, { recursive: true });
});
