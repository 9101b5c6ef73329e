import { describe, expect, it } from '@jest/globals';
import { newSigningSecret, signingKeyIn, webhookHeaders } from './hook-signature.ts';

describe('requests to hooks', () => {
  it('are signed as the libraries of Standard Webhooks verify them', () => {
    // standard-webhooks/libraries, the test of signing.
    const key = signingKeyIn('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw') as Buffer;
    const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timeSeconds: 1614265330, body: '{"test": 2432232314}' };
    expect(webhookHeaders(message, key)).toEqual({
      'webhook-id': message.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it.each([
    ['', 'no secret'],
    ['MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'no prefix'],
    ['whsec_c2hvcnQ=', 'too short'],
    [`whsec_${Buffer.alloc(65).toString('base64')}`, 'too long'],
    ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!w', 'no base64'],
  ])('are not signed with %j: %s', (secret) => {
    expect(signingKeyIn(secret)).toBeUndefined();
  });

  it('are signed with a secret of 32 bytes that nobody else has', () => {
    const [one, other] = [newSigningSecret(), newSigningSecret()];
    expect(signingKeyIn(one)).toHaveLength(32);
    expect(one).not.toBe(other);
  });
});
