import { status } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import { Fault } from './fault.ts';
import { faultOf, fromServiceError, httpStatusOf, toProblem, toStatus } from './faults.ts';

describe('faults', () => {
  const fault = new Fault('invalid_argument', 'id must be a UUID', {
    code: 'field_invalid',
    fields: [{ field: 'id', code: 'uuid', message: 'must be a UUID' }],
    retryAfterMs: 2500,
  });

  it('cross gRPC whole', () => {
    const sent = toStatus(fault);
    expect(sent.code).toBe(status.INVALID_ARGUMENT);
    const received = fromServiceError(Object.assign(new Error('x'), sent, { details: sent.details }) as never);
    expect(received).toMatchObject({
      kind: 'invalid_argument',
      code: 'field_invalid',
      message: fault.message,
      fields: fault.fields,
      retryAfterMs: 2500,
    });
  });

  it('become RFC 9457 problems', () => {
    expect(toProblem(fault, 'r-1')).toEqual({
      type: 'urn:gabion:error:field_invalid',
      title: 'The request is not valid',
      status: 400,
      detail: 'id must be a UUID',
      code: 'field_invalid',
      requestId: 'r-1',
      errors: [{ field: 'id', code: 'uuid', detail: 'must be a UUID' }],
    });
  });

  it('take part by shape, and say nothing of a mistake of ours', () => {
    const shaped = Object.assign(new Error('no such database'), { kind: 'unavailable', code: 'postgres_unavailable' });
    expect(faultOf(shaped)).toMatchObject({
      kind: 'unavailable',
      code: 'postgres_unavailable',
      message: 'no such database',
    });
    for (const mistake of [
      new TypeError('x is not a function'),
      Object.assign(new Error('a'), { kind: 'toString', code: 'x' }),
      'text',
      undefined,
    ])
      expect(faultOf(mistake)).toMatchObject({
        kind: 'internal',
        message: expect.stringContaining('unexpected error'),
      });
  });

  it('survive details that cannot be read', () => {
    const sent = toStatus(fault);
    sent.metadata?.set('grpc-status-details-bin', Buffer.from([0xff, 0x01]));
    expect(fromServiceError(Object.assign(new Error('x'), sent) as never)).toMatchObject({
      kind: 'invalid_argument',
      code: 'invalid_argument',
    });
  });

  it('map to the HTTP statuses that the field expects', () => {
    expect(
      (['unauthenticated', 'permission_denied', 'not_found', 'resource_exhausted', 'unavailable'] as const).map(
        httpStatusOf,
      ),
    ).toEqual([401, 403, 404, 429, 503]);
  });
});
