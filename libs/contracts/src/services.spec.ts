import { ScanSchema } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { Health } from '@gabion/contracts/grpc/health/v1/health_pb';
import { describe, expect, it } from '@jest/globals';
import { accessOf } from './access.ts';
import { allPermissions } from './permissions.ts';
import { catalogue, events } from './services.ts';
import { topicOf } from './topics.ts';

describe('contract options', () => {
  it('give every method an access and every event a topic', () => {
    for (const service of Object.values(catalogue).flat())
      for (const method of service.methods) expect(accessOf(method).way).toBeTruthy();
    const names = events.map((event) => topicOf(event).name);
    expect(new Set(names).size).toBe(events.length);
  });

  it('refuse a method without an access and a message without a topic', () => {
    expect(() => accessOf(Health.method.check)).toThrow('has no (gabion.contract.v1.access)');
    expect(() => topicOf(ScanSchema)).toThrow('has no (gabion.contract.v1.topic)');
  });

  it('list the permissions that roles can hold', () => {
    expect(allPermissions()).toEqual(expect.arrayContaining(['scans.create', 'tokens.revoke', 'users.disable']));
  });
});
