import { describe, expect, it } from '@jest/globals';
import { serviceId, serviceOf } from './spiffe.ts';

describe('the service that a certificate names', () => {
  it('is that of its one URI', () => {
    expect(serviceOf({ subjectaltname: `DNS:gateway, URI:${serviceId('image-scanner')}, DNS:localhost` })).toBe(
      'image-scanner',
    );
  });

  it.each([
    ['no name at all', undefined],
    ['DNS names only', 'DNS:gateway, DNS:spiffe://gabion.local/service/gateway'],
    ['two URIs, which X509-SVID forbids', `URI:${serviceId('gateway')}, URI:${serviceId('identity')}`],
    ['another trust domain', `URI:${serviceId('gateway', 'evil.local')}`],
    ['a trust domain that only begins alike', 'URI:spiffe://gabion.local.evil/service/gateway'],
    ['another kind of workload', 'URI:spiffe://gabion.local/node/gateway'],
    ['a path below a service', `URI:${serviceId('gateway')}/x`],
    ['an empty name', `URI:${serviceId('')}`],
    ['capitals', `URI:${serviceId('Gateway')}`],
  ])('is nobody for %s', (_, subjectaltname) => {
    expect(serviceOf({ subjectaltname })).toBeUndefined();
  });
});
