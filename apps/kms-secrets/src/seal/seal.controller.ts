import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import {
  type AuthorizeResealRequest,
  type BeginResealRequest,
  type CancelResealRequest,
  type CloseSealRequest,
  type FinishResealRequest,
  type GetSealRequest,
  type InitializeRequest,
  type ResetUnsealRequest,
  type RotateRootKeyRequest,
  SealService,
  type UnsealRequest,
} from '@gabion/contracts/gabion/kms/v1/seal_pb';
import type { Call } from '@gabion/rpc/call';
import { Implements } from '@gabion/rpc/implements';
import { audit } from '@gabion/service/audit';
import { Inject } from '@nestjs/common';
import type { Database, Tx } from '../db/schema.ts';
import { database } from '../db/schema.ts';
import { OpenSeal } from './open-seal.ts';
import { Resealing, type ResealStep } from './resealing.ts';
import { SealKeeper } from './seal-keeper.ts';
import { sealKindOf, wantedSeal } from './seal-settings.ts';
import { lockSeal, updateSeal } from './seal-store.ts';

@Implements(SealService)
export class SealController {
  constructor(
    @Inject(database) private readonly db: Database,
    private readonly seal: OpenSeal,
    private readonly keeper: SealKeeper,
    private readonly resealing: Resealing,
  ) {}

  async getSeal(_request: GetSealRequest) {
    await this.seal.confirm();
    return this.#message();
  }

  async initialize({ settings }: InitializeRequest, call: Call) {
    const wanted = wantedSeal(settings, this.keeper.holders);
    const shares = await this.#changing(call, (tx) => this.keeper.initialise(tx, wanted), { kind: wanted.kind });
    return { seal: this.#message(), shares: [...shares] };
  }

  async unseal({ share }: UnsealRequest, call: Call) {
    await this.keeper.unseal(share);
    const progress = `${this.keeper.progress}`;
    await this.db.transaction((tx) => record(tx, call, { opened: `${this.seal.isOpen}`, progress }));
    return this.#message();
  }

  async resetUnseal(_request: ResetUnsealRequest, call: Call) {
    this.keeper.forgetShares();
    await this.db.transaction((tx) => record(tx, call));
    return this.#message();
  }

  async closeSeal(_request: CloseSealRequest, call: Call) {
    await this.#changing(call, async (tx) => {
      const { closings } = await lockSeal(tx, 'update');
      await updateSeal(tx, { closings: `${BigInt(closings) + 1n}` });
    });
    return this.#message();
  }

  async beginReseal({ settings }: BeginResealRequest, call: Call) {
    const wanted = wantedSeal(settings, this.keeper.holders);
    const begin = (tx: Tx) => this.resealing.begin(tx, wanted, call.caller.id);
    return resealMessage(await this.#changing(call, begin, { kind: wanted.kind }));
  }

  async authorizeReseal({ id, share }: AuthorizeResealRequest, call: Call) {
    return resealMessage(await this.#changing(call, (tx) => this.resealing.authorise(tx, id, share), { id }));
  }

  async finishReseal({ id }: FinishResealRequest, call: Call) {
    await this.#changing(call, (tx) => this.resealing.finish(tx, id), { id });
    return this.#message();
  }

  async cancelReseal({ id }: CancelResealRequest, call: Call) {
    await this.#changing(call, (tx) => this.resealing.cancel(tx, id, call.caller), { id });
    return this.#message();
  }

  async rotateRootKey(_request: RotateRootKeyRequest, call: Call) {
    await this.#changing(call, (tx) => this.resealing.rotateRootKey(tx));
    return this.#message();
  }

  /** Makes a change with its record; when it answers, this replica goes by it. */
  async #changing<T>(call: Call, change: (tx: Tx) => Promise<T>, details: Record<string, string> = {}): Promise<T> {
    const answer = await this.db.transaction(async (tx) => {
      const changed = await change(tx);
      await record(tx, call, details);
      return changed;
    });
    await this.seal.confirm();
    return answer;
  }

  #message() {
    const { row, isOpen } = this.seal;
    const { problem, isOpenedByReplicas } = this.keeper;
    const base = { isInitialized: row !== undefined, isSealed: !isOpen, problem, isOpenedByReplicas };
    if (!row) return base;
    return {
      ...base,
      kind: sealKindOf(row.kind),
      threshold: row.threshold,
      shares: row.shares,
      progress: this.keeper.progress,
      generation: row.generation,
      rootKeyVersion: row.root_version,
      rootKeyCreateTime: timestampFromDate(row.root_create_time),
    };
  }
}

async function record(tx: Tx, call: Call, details: Record<string, string> = {}): Promise<void> {
  await audit(tx, call, { service: 'kms-secrets', resource: 'seal', details });
}

function resealMessage({ row, progress, threshold, newShares }: ResealStep) {
  return {
    id: row.id,
    settings: {
      kind: sealKindOf(row.kind),
      threshold: row.threshold,
      shares: row.shares,
      recipients: [...row.recipients],
    },
    progress,
    threshold,
    shares: [...newShares],
    createTime: timestampFromDate(row.create_time),
  };
}
