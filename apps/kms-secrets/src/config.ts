import { platformConfig, platformFromEnv } from '@gabion/service/config';
import { z } from 'zod';

/** What the root key is wrapped with. A seal other than `shamir` opens by itself at the start. */
const seal = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('shamir') }),
  z.object({
    kind: z.literal('file'),
    path: z.string(),
    /** Makes the root key and the file at the first start. */
    initialise: z.boolean().default(false),
  }),
]);

const kmsConfig = platformConfig.extend({ seal: seal.default({ kind: 'shamir' }) });

/** What kms-secrets is told. */
export type Config = Readonly<z.infer<typeof kmsConfig>>;
export type SealConfig = Config['seal'];

/** A configuration from what is given, with defaults for the rest. */
export function configFrom(input: z.input<typeof kmsConfig>): Config {
  return Object.freeze(kmsConfig.parse(input));
}

type Env = Readonly<Record<string, string | undefined>>;

/** Configuration from the environment of a process of its own. */
export function configFromEnv(env: Env): Config {
  const kind = env.GABION_SEAL ?? 'shamir';
  return configFrom({
    ...platformFromEnv(env),
    seal: {
      kind,
      ...(kind === 'file' && { path: env.GABION_SEAL_FILE, initialise: env.GABION_SEAL_INITIALISE === 'true' }),
    } as z.input<typeof seal>,
  });
}
