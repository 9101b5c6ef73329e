import { platformConfig, platformFromEnv } from '@gabion/service/config';
import { z } from 'zod';

/** An AES key on a token that is reached by PKCS #11. */
const pkcs11 = z.object({
  /** Path of the vendor's library. */
  module: z.string().min(1),
  /** Label of the token. */
  token: z.string().min(1),
  /** Label of the key; it is made when the seal is, unless it is there. */
  key: z.string().min(1).default('gabion-seal'),
  /** File with the user's PIN. */
  pinFile: z.string().min(1),
});

/** A key of another Gabion. */
const transit = z.object({
  /** "host:port" of its gateway's gRPC. */
  address: z.string().min(1),
  /** Id, name or alias of the key. */
  key: z.string().min(1),
  /** File with a token that may encrypt and decrypt with it. */
  tokenFile: z.string().min(1),
  /** Certificates to trust, in PEM; the system's own unless told. */
  caFile: z.string().min(1).optional(),
  /** Without TLS: for one machine. */
  isPlaintext: z.boolean().default(false),
});

/** Of what kind a seal is made, and who holds one. A seal of any kind that is configured opens by itself, except by shares. */
const seal = z
  .object({
    kind: z.enum(['shamir', 'file', 'pkcs11', 'transit', 'attested']).default('shamir'),
    /** Makes root key and seal at the first start; not by shares, which somebody has to take. */
    initialise: z.boolean().default(false),
    /** Path of a seal's file. */
    path: z.string().min(1).optional(),
    pkcs11: pkcs11.optional(),
    transit: transit.optional(),
  })
  .superRefine((given, context) => {
    // The holder of an attested seal is not configured but plugged in (`start`).
    const { kind, path, pkcs11: token, transit: key } = given;
    const isThere = { shamir: true, file: path, pkcs11: token, transit: key, attested: true }[kind];
    if (!isThere) context.addIssue({ code: 'custom', message: `a seal of the kind ${kind} is not configured` });
  });

const kmsConfig = platformConfig.extend({ seal: seal.default(() => seal.parse({})) });

/** What kms-secrets is told. */
export type Config = Readonly<z.infer<typeof kmsConfig>>;
export type SealConfig = Config['seal'];
export type Pkcs11Config = Readonly<z.infer<typeof pkcs11>>;
export type TransitConfig = Readonly<z.infer<typeof transit>>;

/** A configuration from what is given, with defaults for the rest. */
export function configFrom(input: z.input<typeof kmsConfig>): Config {
  return Object.freeze(kmsConfig.parse(input));
}

type Env = Readonly<Record<string, string | undefined>>;

/** Configuration from the environment of a process of its own. */
export function configFromEnv(env: Env): Config {
  return configFrom({ ...platformFromEnv(env), seal: sealFromEnv(env) });
}

function sealFromEnv(env: Env): z.input<typeof seal> {
  const { GABION_SEAL_PKCS11_MODULE: module, GABION_SEAL_TRANSIT_ADDRESS: address } = env;
  const told = {
    kind: env.GABION_SEAL,
    initialise: env.GABION_SEAL_INITIALISE === 'true',
    path: env.GABION_SEAL_FILE,
    pkcs11: module && {
      module,
      token: env.GABION_SEAL_PKCS11_TOKEN,
      key: env.GABION_SEAL_PKCS11_KEY,
      pinFile: env.GABION_SEAL_PKCS11_PIN_FILE,
    },
    transit: address && {
      address: address.replace(/^[a-z]+:\/\//, ''),
      key: env.GABION_SEAL_TRANSIT_KEY,
      tokenFile: env.GABION_SEAL_TRANSIT_TOKEN_FILE,
      caFile: env.GABION_SEAL_TRANSIT_CA_FILE,
      isPlaintext: address.startsWith('http:'),
    },
  };
  return told as z.input<typeof seal>;
}
