import { describe, expect, it } from '@jest/globals';
import { registryAddresses } from './registry-addresses.ts';

const open = registryAddresses(true);
const strict = registryAddresses(false);

describe('addresses of registries', () => {
  it.each(['169.254.169.254', '169.254.170.2', '0.0.0.0', 'fe80::1', 'fd00:ec2::254', '::ffff:169.254.169.254', '::'])(
    'are never %s',
    (address) => {
      expect(open(address)).toBe(false);
    },
  );

  it.each(['127.0.0.1', '10.1.2.3', '192.168.1.1', '::1', 'fd12::1', '::ffff:10.1.2.3'])(
    'may be %s where private ones are allowed',
    (address) => {
      expect(open(address)).toBe(true);
      expect(strict(address)).toBe(false);
    },
  );

  it('may be public', () => {
    expect(strict('93.184.216.34')).toBe(true);
    expect(strict('2606:2800:220:1::1')).toBe(true);
  });
});
