import { AuditRecordedSchema } from '@gabion/contracts/gabion/audit/v1/audit_pb';
import { openDatabase } from '@gabion/postgres/database';
import { createLog } from '@gabion/telemetry/log';
import { postgresForTests, testDatabase } from '@gabion/testkit/postgres';
import { describe, expect, it } from '@jest/globals';
import { openBus } from '../src/bus.ts';
import { publish } from '../src/publish.ts';
import { eventually } from './site.ts';

const log = createLog({ service: 'test', level: 'fatal' });

describe('a topic that every service publishes', () => {
  it('is read from all of their logs, replayed from one, and goes on while one of them is not there', async () => {
    await using _server = await postgresForTests();
    await using identity = await testDatabase({ database: true });
    await using scanner = await testDatabase({ database: true });
    const absent = new URL(identity.url);
    absent.pathname = '/not_there';
    const config = {
      kind: 'postgres' as const,
      logs: { identity: identity.url, 'image-scanner': scanner.url, policy: absent.href },
    };
    await using identityDb = openDatabase(identity.url);
    await using scannerDb = openDatabase(scanner.url);
    await using identityBus = await openBus({ service: 'identity', db: identityDb, config, log });
    await using _scannerBus = await openBus({ service: 'image-scanner', db: scannerDb, config, log });

    const seen: string[] = [];
    const group = 'audit';
    await identityBus.consume({
      group,
      schema: AuditRecordedSchema,
      handle: async ({ source, message }) => void seen.push(`${source} ${message.resource}`),
    });
    const ids = [
      ...(await Promise.all(['users/1', 'users/2'].map((resource) => record(identityDb, resource)))),
      ...(await Promise.all(['scans/1', 'scans/2'].map((resource) => record(scannerDb, resource)))),
    ];
    expect(new Set(ids).size).toBe(4);
    await eventually('all four', () => seen.length === 4);
    expect([...seen].sort()).toEqual([
      '/gabion/identity users/1',
      '/gabion/identity users/2',
      '/gabion/image-scanner scans/1',
      '/gabion/image-scanner scans/2',
    ]);

    await identityBus.replay(group, AuditRecordedSchema, { offset: 1n, log: 'image-scanner' });
    await eventually('those of one log again', () => seen.length >= 6);
    expect(seen.slice(4).every((each) => each.startsWith('/gabion/image-scanner'))).toBe(true);
  });
});

async function record(db: ReturnType<typeof openDatabase>, resource: string): Promise<string> {
  const { id } = await db.transaction((tx) => publish(tx, AuditRecordedSchema, { resource }));
  return id;
}
