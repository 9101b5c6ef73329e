import { OciError } from '@gabion/oci/oci-error';
import { parsePlatform } from '@gabion/oci/platform';
import { Fault } from '@gabion/rpc/fault';
import type { Scope } from './registry.ts';

/** A scope whose platforms are such; `field` is where it stands in the request. */
export function checkedScope(scope: Scope, field: string): Scope {
  scope.platforms.forEach((platform, index) => {
    if (platform === '*') return;
    try {
      parsePlatform(platform);
    } catch (error) {
      if (!(error instanceof OciError)) throw error;
      const fields = [{ field: `${field}.platforms[${index}]`, code: 'platform_invalid', message: error.message }];
      throw new Fault('invalid_argument', 'the scope cannot be taken', { code: 'platform_invalid', fields });
    }
  });
  return scope;
}
