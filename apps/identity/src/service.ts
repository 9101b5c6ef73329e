import { catalogue } from '@gabion/contracts/services';
import type { AllowedCallers } from '@gabion/rpc/admission';
import { type Parts, type Running, type ServiceDefinition, startService } from '@gabion/service/start';
import { bootstrapCredentials } from '@gabion/trust/credentials';
import { Authority } from './authority.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config.ts';
import { migrations } from './db/migrations.ts';
import { firstAdministrator } from './first-administrator.ts';
import { identityModule } from './identity.module.ts';
import { ownCertificate } from './own-certificate.ts';
import { Registrar } from './registrar.ts';
import { Revocations } from './revocations.ts';
import { Subjects } from './subjects.ts';
import { Tokens } from './tokens.ts';

/** Every service renews its certificate here; the gateway, and the command line on its own machine, speak for others. */
const callers: AllowedCallers = {
  ...Object.fromEntries(Object.keys(catalogue).map((service) => [service, 'for-itself' as const])),
  gateway: 'for-others',
  gabion: 'for-others',
};

export interface IdentityRunning extends Running {
  /** Where the token of the first administrator was written, when this start made one. */
  readonly firstTokenFile: string | undefined;
}

/** Starts identity. */
export async function start(config: Config, now: Clock = () => new Date()): Promise<IdentityRunning> {
  const { certificates } = config;
  const authority =
    certificates && (await Authority.open({ dir: certificates.caDir, lifetimeMs: certificates.lifetimeMs, now }));
  let firstTokenFile: string | undefined;
  let revocations: Revocations | undefined;

  const build = async ({ db, log, use }: Parts) => {
    const subjects = new Subjects(db);
    const tokens = new Tokens(db);
    revocations = use(await Revocations.open(db, log));
    const tokenFile = config.firstAdministrator?.tokenFile;
    if (tokenFile && (await firstAdministrator({ db, subjects, tokens, tokenFile, now, log })))
      firstTokenFile = tokenFile;
    const registrar = new Registrar(authority, certificates?.joinTokensDir ?? '', now);
    return identityModule({ db, now, subjects, tokens, revocations, registrar });
  };

  const definition: ServiceDefinition = {
    name: 'identity',
    services: catalogue.identity,
    callers,
    migrations,
    build,
    // Given last and so stopped first: the server waits for streams that would not end by themselves.
    begin: async ({ use }) => void use({ [Symbol.dispose]: () => revocations?.close() }),
    ...(certificates &&
      authority && {
        certificate: async ({ log, use }) => use(await ownCertificate(authority, certificates.dnsNames, log)),
        listeners: ({ certificate }) =>
          certificate
            ? [
                {
                  address: certificates.bootstrapListen,
                  credentials: bootstrapCredentials(certificate),
                  door: 'bootstrap',
                },
              ]
            : [],
      }),
  };
  const running = await startService(definition, config);
  return { ...running, firstTokenFile };
}
