import { expect, it } from '@jest/globals';
import { serveMonitoring } from './monitoring.ts';

it('answers probes by what keeps the process from serving', async () => {
  let reason: string | undefined = 'no database';
  await using monitoring = await serveMonitoring({ host: '127.0.0.1', port: 0, unready: async () => reason });
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${monitoring.port}${path}`);
    return [response.status, await response.text()] as const;
  };
  expect(await get('/healthz')).toEqual([200, 'ok\n']);
  expect(await get('/readyz')).toEqual([503, 'no database\n']);
  reason = undefined;
  expect(await get('/readyz')).toEqual([200, 'ok\n']);
  expect((await get('/metrics'))[1]).toContain('process_cpu_seconds_total');
  expect((await get('/../etc/passwd'))[0]).toBe(404);
});
