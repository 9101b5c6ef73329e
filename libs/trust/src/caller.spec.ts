import { create } from '@bufbuild/protobuf';
import { CallerSchema } from '@gabion/contracts/gabion/identity/v1/caller_pb';
import { describe, expect, it } from '@jest/globals';
import { type Caller, CallerKind, decodeCaller, encodeCaller, holds, localOperator, serviceCaller } from './caller.ts';

const caller = (...permissions: string[]): Caller =>
  create(CallerSchema, { kind: CallerKind.USER, id: 'u1', name: 'ada', permissions });

describe('a caller', () => {
  it.each([
    ['scans.get', 'scans.get', true],
    ['scans.*', 'scans.get', true],
    ['*', 'scans.get', true],
    ['scans.list', 'scans.get', false],
    ['scan.*', 'scans.get', false],
    ['scans', 'scans.get', false],
    ['*.get', 'scans.get', false],
    ['', 'scans.get', false],
  ])('with "%s" asked for "%s": %s', (held, asked, answer) => {
    expect(holds(caller(held), asked)).toBe(answer);
  });

  it('travels whole', () => {
    const sent = { ...caller('scans.get'), tokenId: 't1', sourceAddress: '192.0.2.7' };
    expect(decodeCaller(encodeCaller(sent))).toMatchObject(sent);
  });

  it('is nobody when its bytes are malformed, without a kind, or without an id', () => {
    const nobody = [
      Buffer.from([0xff, 0xff]),
      Buffer.alloc(0),
      encodeCaller(create(CallerSchema, { id: 'u1' })),
      encodeCaller(create(CallerSchema, { kind: CallerKind.USER })),
    ];
    expect(nobody.map(decodeCaller)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('may do everything as the local operator, and nothing by permission as a service', () => {
    expect(holds(localOperator(), 'users.disable')).toBe(true);
    expect(holds(serviceCaller('delivery'), 'scans.get')).toBe(false);
  });
});
