import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  type BackUpKeyRequest,
  type CancelKeyDeletionRequest,
  type CreateCertificateRequestRequest,
  type CreateKeyRequest,
  type DeleteAliasRequest,
  type DisableKeyRequest,
  type EnableKeyRequest,
  type ExportKeyRequest,
  type GetKeyRequest,
  type GetPublicKeyRequest,
  type GetWrappingKeyRequest,
  type ImportKeyRequest,
  KeyOperation,
  KeyService,
  KeyState,
  type ListKeysRequest,
  type ListKeyUsersRequest,
  type PutAliasRequest,
  type RestoreKeyRequest,
  type RotateKeyRequest,
  type ScheduleKeyDeletionRequest,
  type SetKeyPolicyRequest,
  type UpdateKeyRequest,
} from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { KeyError } from '@gabion/keys/key-error';
import { importedMaterial, type PrivateType, privateKeyOf } from '@gabion/keys/material';
import { jwkOf, pemOf, publicKeyIn, publicKeyOf } from '@gabion/keys/public-key';
import { wrapForTransport } from '@gabion/keys/transport';
import { pageToken, positionIn } from '@gabion/postgres/pages';
import type { Call } from '@gabion/rpc/call';
import { Fault } from '@gabion/rpc/fault';
import { Implements } from '@gabion/rpc/implements';
import { audit } from '@gabion/service/audit';
import { Inject } from '@nestjs/common';
import { type Database, database, type Tx } from '../db/schema.ts';
import { CachedRing } from './cached-ring.ts';
import { KeyBackups } from './key-backup.ts';
import { keyFaults } from './key-faults.ts';
import { KeyLifecycle, materialFor } from './key-lifecycle.ts';
import { jwkIdOf, keyMessage, usersMessage } from './key-message.ts';
import { allowedBy } from './key-policy.ts';
import type { KeyRecord } from './key-ring.ts';
import { findKey, listKeys, lockNames } from './key-store.ts';
import { kindOf } from './key-types.ts';
import { recentCallersOf, usersOf } from './key-users.ts';
import { WrappingKeys } from './wrapping-keys.ts';

/** Callers of the last 90 days are told beside users. */
const recentMs = 90 * 86_400_000;
const kept = [KeyState.ENABLED, KeyState.DISABLED, KeyState.PENDING_DELETION] as const;

@Implements(KeyService)
export class KeysController {
  constructor(
    @Inject(database) private readonly db: Database,
    private readonly ring: CachedRing,
    private readonly lifecycle: KeyLifecycle,
    private readonly wrappingKeys: WrappingKeys,
    private readonly backups: KeyBackups,
  ) {}

  async createKey(request: CreateKeyRequest, call: Call) {
    const material = await materialFor(request.type);
    return this.#changing(call, (tx) => this.lifecycle.create(tx, request, material));
  }

  async getKey({ key }: GetKeyRequest) {
    return keyMessage(await this.#found(key));
  }

  async listKeys({ pageSize, pageToken: token, tenant, includeDestroyed }: ListKeysRequest) {
    const limit = pageSize || 50;
    const query = `keys ${tenant} ${includeDestroyed}`;
    const after = positionIn(token, { name: 'string' }, query)?.name ?? '';
    const states = includeDestroyed ? [...kept, KeyState.DESTROYED] : kept;
    const keys = await listKeys(this.db.kysely, { tenant, states, after, limit: limit + 1 });
    const page = keys.slice(0, limit);
    const last = keys.length > limit ? page.at(-1) : undefined;
    return { keys: page.map(keyMessage), nextPageToken: last ? pageToken({ name: last.name }, query) : '' };
  }

  async updateKey({ key, settings, fields }: UpdateKeyRequest, call: Call) {
    if (!settings) throw keyFaults.invalid('settings', 'is missing');
    return this.#changing(call, (tx) => this.lifecycle.update(tx, key, settings, fields), { fields: fields.join(' ') });
  }

  async rotateKey({ key }: RotateKeyRequest, call: Call) {
    const material = await materialFor((await this.#found(key)).type);
    return this.#changing(call, (tx) => this.lifecycle.rotate(tx, key, material));
  }

  async disableKey({ key }: DisableKeyRequest, call: Call) {
    return this.#changing(call, (tx) => this.lifecycle.disable(tx, key));
  }

  async enableKey({ key }: EnableKeyRequest, call: Call) {
    return this.#changing(call, (tx) => this.lifecycle.enable(tx, key));
  }

  async scheduleKeyDeletion({ key, waitingDays }: ScheduleKeyDeletionRequest, call: Call) {
    return this.#changing(call, (tx) => this.lifecycle.scheduleDeletion(tx, key, waitingDays));
  }

  async cancelKeyDeletion({ key }: CancelKeyDeletionRequest, call: Call) {
    return this.#changing(call, (tx) => this.lifecycle.cancelDeletion(tx, key));
  }

  async listKeyUsers({ key }: ListKeyUsersRequest) {
    const { id } = await this.#found(key);
    const users = await usersOf(this.db.kysely, id);
    const callers = await recentCallersOf(this.db.kysely, id, new Date(Date.now() - recentMs));
    return usersMessage(users, callers);
  }

  async putAlias({ alias, key }: PutAliasRequest, call: Call) {
    return this.#changing(call, (tx) => this.lifecycle.putAlias(tx, alias, key), { alias });
  }

  async deleteAlias({ alias }: DeleteAliasRequest, call: Call) {
    await this.db.transaction(async (tx) => {
      await this.lifecycle.deleteAlias(tx, alias);
      await audit(tx, call, { service: 'kms-secrets', resource: `key-aliases/${alias}` });
    });
    return {};
  }

  async setKeyPolicy({ key, policy }: SetKeyPolicyRequest, call: Call) {
    return this.#changing(call, (tx) => this.lifecycle.setPolicy(tx, key, policy));
  }

  async getWrappingKey(_request: GetWrappingKeyRequest) {
    const { id, publicKeyPem, expireTime } = await this.wrappingKeys.current();
    return { id, publicKeyPem, expireTime: timestampFromDate(expireTime) };
  }

  async importKey({ key: wanted, wrappingKeyId, wrappedMaterial }: ImportKeyRequest, call: Call) {
    const kind = wanted && kindOf(wanted.type);
    if (!kind) throw keyFaults.invalid('key.type', 'is no type of key', 'key_type_unknown');
    const given = await this.wrappingKeys.unwrap(wrappingKeyId, wrappedMaterial).catch(refusedAs('wrapped_material'));
    try {
      const material = taken(() => importedMaterial(kind.material, given), 'wrapped_material');
      return await this.#changing(call, async (tx) => {
        await lockNames(tx);
        const present = await findKey(tx, wanted.name);
        if (!present) return this.lifecycle.create(tx, wanted, material, true);
        if (present.type !== wanted.type || !present.versions[0]?.isImported) throw keyFaults.nameTaken(wanted.name);
        return this.lifecycle.rotate(tx, present.id, material, true);
      });
    } finally {
      given.fill(0);
    }
  }

  async exportKey({ key: name, version: asked, publicKeyPem }: ExportKeyRequest, call: Call) {
    const recipient = taken(() => publicKeyIn(publicKeyPem), 'public_key_pem');
    const key = await this.ring.get(name);
    if (!key.isExportable)
      throw new Fault('permission_denied', 'the key was not created exportable', { code: 'key_not_exportable' });
    allowedBy(key, { caller: call.caller, operation: KeyOperation.EXPORT, context: new Map() });
    const version = asked || key.primaryVersion;
    await this.db.transaction((tx) => record(tx, call, key, { version: `${version}` }));
    const { material } = await this.ring.version(key, version, 'open');
    return { version, wrappedMaterial: taken(() => wrapForTransport(recipient, material), 'public_key_pem') };
  }

  async backUpKey({ key: name }: BackUpKeyRequest, call: Call) {
    const key = await this.#found(name);
    const backup = await this.db.transaction(async (tx) => {
      await record(tx, call, key);
      return this.backups.make(tx, key);
    });
    return { backup };
  }

  async restoreKey({ backup }: RestoreKeyRequest, call: Call) {
    return this.#changing(call, (tx) => this.backups.restore(tx, backup));
  }

  async getPublicKey({ key: name, version: asked }: GetPublicKeyRequest) {
    const key = await this.ring.get(name);
    const type = kindOf(key.type)?.material;
    if (!type || type === 'symmetric-256' || type === 'hmac') throw keyFaults.unsuitable('have a public key');
    const { version, material } = await this.ring.version(key, asked, 'open');
    const publicKey = publicKeyOf(type satisfies PrivateType, material);
    return {
      keyId: key.id,
      version,
      type: key.type,
      pem: pemOf(publicKey),
      jwk: jwkOf(publicKey, jwkIdOf(key.id, version)),
    };
  }

  async createCertificateRequest(request: CreateCertificateRequestRequest, call: Call) {
    const { key: name, version: asked, subject, dnsNames } = request;
    const key = await this.ring.get(name);
    const type = kindOf(key.type)?.material;
    if (!type || type === 'symmetric-256' || type === 'hmac') throw keyFaults.unsuitable('sign certificate requests');
    allowedBy(key, { caller: call.caller, operation: KeyOperation.SIGN, context: new Map() });
    const version = asked || key.primaryVersion;
    await this.db.transaction((tx) => record(tx, call, key, { version: `${version}`, subject }));
    // Loaded when it is asked for: a tenth of what the service has to load.
    const { certificateRequest } = await import('@gabion/keys/certificate-request');
    const { material } = await this.ring.version(key, version, 'apply');
    const [privateKey, publicKey] = [privateKeyOf(type, material), publicKeyOf(type, material)];
    const pem = await certificateRequest(privateKey, publicKey, { subject, dnsNames }).catch(refusedAs('subject'));
    return { pem };
  }

  async #found(name: string): Promise<KeyRecord> {
    const key = await findKey(this.db.kysely, name);
    if (!key) throw keyFaults.unknown();
    return key;
  }

  async #changing(call: Call, change: (tx: Tx) => Promise<KeyRecord>, details: Record<string, string> = {}) {
    const changed = await this.db.transaction(async (tx) => {
      const key = await change(tx);
      await record(tx, call, key, details);
      return key;
    });
    this.ring.forget(changed.id);
    return keyMessage(changed);
  }
}

async function record(tx: Tx, call: Call, key: KeyRecord, details: Record<string, string> = {}): Promise<void> {
  const facts = { name: key.name, version: `${key.primaryVersion}`, ...details };
  await audit(tx, call, { service: 'kms-secrets', resource: `keys/${key.id}`, details: facts });
}

/** What the engine answers of a field from outside; what it refuses is that field's fault. */
function taken<T>(work: () => T, field: string): T {
  try {
    return work();
  } catch (error) {
    return refusedAs(field)(error);
  }
}

function refusedAs(field: string) {
  return (error: unknown): never => {
    if (!(error instanceof KeyError)) throw error;
    throw keyFaults.invalid(field, `is refused: ${error.message}`, error.code);
  };
}
