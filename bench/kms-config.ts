import { join } from 'node:path';
import { type Config, configFrom } from '@gabion/kms-secrets/config';

/** kms-secrets by itself, at a socket in `directory`, with a seal that opens by itself. */
export function kmsConfig(directory: string, postgresUrl: string): Config {
  return configFrom({
    listen: `unix:${join(directory, 'kms.sock')}`,
    postgresUrl,
    bus: { kind: 'postgres', logs: {} },
    dataDir: directory,
    logLevel: 'fatal',
    seal: { kind: 'file', path: join(directory, 'seal.key'), initialise: true },
  });
}
