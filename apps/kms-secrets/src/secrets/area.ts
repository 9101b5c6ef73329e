import { SecretPolicyService } from '@gabion/contracts/gabion/kms/v1/secret_policies_pb';
import { CredentialService, SecretService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import type { Area, AreaParts } from '../area.ts';
import { CredentialsController } from './credentials.controller.ts';
import { Credentials } from './credentials.ts';
import { Leases } from './leases.ts';
import { SecretExpiry } from './secret-expiry.ts';
import { SecretPoliciesController } from './secret-policies.controller.ts';
import { SecretValues } from './secret-values.ts';
import { SecretsController } from './secrets.controller.ts';
import { Secrets } from './secrets.ts';

export interface SecretsArea extends Area {
  readonly secrets: Secrets;
}

/** Opens the area `secrets`. */
export function openSecrets({ db, log, barrier, now, use }: AreaParts): SecretsArea {
  const secrets = new Secrets(new SecretValues(barrier), now);
  const leases = new Leases(now);
  const credentials = new Credentials(barrier, now);
  const expiry = use(new SecretExpiry(db, [secrets, leases, credentials], log));
  return {
    services: [SecretService, CredentialService, SecretPolicyService],
    controllers: [SecretsController, CredentialsController, SecretPoliciesController],
    providers: [
      { provide: Secrets, useValue: secrets },
      { provide: Leases, useValue: leases },
      { provide: Credentials, useValue: credentials },
    ],
    secrets,
    begin: async () => expiry.begin(),
  };
}
