import { dirname } from 'node:path';
import { platformConfig, platformFromEnv } from '@gabion/service/config';
import { z } from 'zod';

/** How identity certifies services in distributed mode. */
const certificates = z.object({
  /** Folder of root.key and root.pem; made at the first start when they are not there. */
  caDir: z.string(),
  /** Folder of the files `<service>.join-token`. */
  joinTokensDir: z.string(),
  /** Where services without a certificate ask for their first, "host:port". */
  bootstrapListen: z.string(),
  /** Names at which identity itself is reached. */
  dnsNames: z.array(z.string()).default([]),
  lifetimeMs: z
    .number()
    .int()
    .min(2000)
    .max(7 * 86_400_000)
    .default(86_400_000),
});

const identityConfig = platformConfig.extend({
  certificates: certificates.optional(),
  /** Makes user `admin` when there is no administrator, and writes the token to this file (0600). */
  firstAdministrator: z.object({ tokenFile: z.string() }).optional(),
});

/** What identity is told. */
export type Config = Readonly<z.infer<typeof identityConfig>>;

/** A configuration from what is given, with defaults for the rest. */
export function configFrom(input: z.input<typeof identityConfig>): Config {
  return Object.freeze(identityConfig.parse(input));
}

type Env = Readonly<Record<string, string | undefined>>;

/** Configuration from the environment of a process of its own, always with certificates where the platform has them. */
export function configFromEnv(env: Env): Config {
  const { tls, ...platform } = platformFromEnv(env);
  const caDir = env.GABION_CA_DIR ?? (tls && dirname(tls.trustBundleFile));
  const lifetime = env.GABION_CERTIFICATE_LIFETIME_SECONDS;
  return configFrom({
    ...platform,
    firstAdministrator: {
      tokenFile: env.GABION_FIRST_ADMINISTRATOR_TOKEN_FILE ?? `${platform.dataDir}/administrator.token`,
    },
    ...(caDir && {
      certificates: {
        caDir,
        joinTokensDir: env.GABION_JOIN_TOKENS_DIR ?? caDir,
        bootstrapListen: env.GABION_BOOTSTRAP_LISTEN ?? '0.0.0.0:9001',
        dnsNames: tls?.dnsNames ?? [],
        ...(lifetime && { lifetimeMs: Number(lifetime) * 1000 }),
      },
    }),
  });
}
