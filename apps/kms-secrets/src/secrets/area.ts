import { CredentialService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import type { Area, AreaParts } from '../area.ts';
import { CredentialsController } from './credentials.controller.ts';
import { Credentials } from './credentials.ts';

/** Opens the area `secrets`. */
export function openSecrets({ barrier, now }: AreaParts): Area {
  return {
    services: [CredentialService],
    controllers: [CredentialsController],
    providers: [{ provide: Credentials, useValue: new Credentials(barrier, now) }],
  };
}
