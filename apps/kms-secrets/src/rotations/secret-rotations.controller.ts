import { SecretOperation } from '@gabion/contracts/gabion/kms/v1/secret_policies_pb';
import {
  type DeleteSecretRotationRequest,
  type GetSecretRotationRequest,
  type PutSecretRotationRequest,
  type RotateSecretRequest,
  SecretRotationService,
} from '@gabion/contracts/gabion/kms/v1/secret_rotations_pb';
import type { Call } from '@gabion/rpc/call';
import { Implements } from '@gabion/rpc/implements';
import { audit } from '@gabion/service/audit';
import { holds } from '@gabion/trust/caller';
import { Inject } from '@nestjs/common';
import { type Database, database, type Tx } from '../db/schema.ts';
import { assertAllowed } from '../secrets/secret-policies.ts';
import { rotationFaults } from './rotation-faults.ts';
import { rotationMessage } from './rotation-message.ts';
import { rotationOf, SecretRotations } from './secret-rotations.ts';

const { LIST, ROTATE, WRITE } = SecretOperation;

@Implements(SecretRotationService)
export class SecretRotationsController {
  constructor(
    @Inject(database) private readonly db: Database,
    private readonly rotations: SecretRotations,
  ) {}

  async putSecretRotation(request: PutSecretRotationRequest, call: Call) {
    if (!holds(call.caller, 'secrets.put')) throw rotationFaults.unwritable();
    return this.#recorded(call, request.path, [ROTATE, WRITE], async (tx) => {
      const { row, made } = await this.rotations.put(tx, request);
      const details = { operation: 'put', way: row.way.kind, period: `${row.period_seconds} s` };
      return { answer: { rotation: rotationMessage(row), signingSecret: made }, details };
    });
  }

  async getSecretRotation({ path }: GetSecretRotationRequest, call: Call) {
    await assertAllowed(this.db.kysely, call.caller, path, LIST);
    return rotationMessage(await rotationOf(this.db.kysely, path));
  }

  async deleteSecretRotation({ path }: DeleteSecretRotationRequest, call: Call) {
    return this.#recorded(call, path, [ROTATE], async (tx) => {
      await this.rotations.delete(tx, path);
      return { answer: {}, details: { operation: 'delete' } };
    });
  }

  async rotateSecret({ path, expectedVersion }: RotateSecretRequest, call: Call) {
    return this.#recorded(call, path, [ROTATE], async (tx) => {
      const row = await this.rotations.rotate(tx, path, expectedVersion);
      return { answer: rotationMessage(row), details: { operation: 'rotate', rotation: row.rotation_id ?? '' } };
    });
  }

  async #recorded<T>(
    call: Call,
    path: string,
    operations: readonly SecretOperation[],
    work: (tx: Tx) => Promise<{ readonly answer: T; readonly details: Record<string, string> }>,
  ): Promise<T> {
    return this.db.transaction(async (tx) => {
      await assertAllowed(tx, call.caller, path, ...operations);
      const { answer, details } = await work(tx);
      await audit(tx, call, { service: 'kms-secrets', resource: `secret-rotations/${path}`, details });
      return answer;
    });
  }
}
