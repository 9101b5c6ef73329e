import { describe, expect, it } from '@jest/globals';
import { refuseForbidden } from './image-access.ts';

const open = { allowPrivateRegistries: true, proxy: {} };
const strict = { allowPrivateRegistries: false, proxy: {} };

describe('addresses of registries', () => {
  it.each(['169.254.169.254', '169.254.170.2', '0.0.0.0', 'fe80::1', 'fd00:ec2::254', '::ffff:169.254.169.254', '::'])(
    'refuses %s',
    async (address) => {
      await expect(refuseForbidden(address, open)).rejects.toMatchObject({ code: 'registry_address_refused' });
    },
  );

  it.each(['127.0.0.1', '10.1.2.3', '192.168.1.1', '::1', 'fd12::1', '::ffff:10.1.2.3', 'localhost'])(
    'allows %s unless private registries are not allowed',
    async (address) => {
      await refuseForbidden(address, open);
      await expect(refuseForbidden(address, strict)).rejects.toMatchObject({ code: 'registry_address_refused' });
    },
  );

  it('allows public addresses', async () => {
    await refuseForbidden('93.184.216.34', strict);
  });

  it('names a registry that does not resolve', async () => {
    await expect(refuseForbidden('registry.invalid', open)).rejects.toMatchObject({ code: 'registry_name_unresolved' });
  });

  it('leaves a name that does not resolve to the proxy, where there is one', async () => {
    await refuseForbidden('registry.invalid', { ...open, proxy: { HTTPS_PROXY: 'http://proxy.example:3128' } });
  });
});
