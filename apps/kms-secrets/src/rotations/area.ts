import { SecretRotationService } from '@gabion/contracts/gabion/kms/v1/secret_rotations_pb';
import type { Area, AreaParts } from '../area.ts';
import type { SecretsArea } from '../secrets/area.ts';
import { RotationRunner } from './rotation-runner.ts';
import { versionPut } from './rotation-step.ts';
import { SecretRotationsController } from './secret-rotations.controller.ts';
import { SecretRotations } from './secret-rotations.ts';
import { SigningKeys } from './signing-keys.ts';

/** What the area `rotations` is made from. */
export interface RotationsParts extends AreaParts {
  readonly secrets: SecretsArea;
}

/** Opens the area `rotations`. */
export function openRotations({ db, log, now, barrier, use, secrets: { secrets } }: RotationsParts): Area {
  secrets.onChange((tx, path) => versionPut(tx, path, now()));
  const keys = new SigningKeys(barrier);
  const runner = use(new RotationRunner({ db, barrier, secrets, keys, now }, log));
  return {
    services: [SecretRotationService],
    controllers: [SecretRotationsController],
    providers: [{ provide: SecretRotations, useValue: new SecretRotations(secrets, keys, now) }],
    begin: async () => runner.begin(),
  };
}
