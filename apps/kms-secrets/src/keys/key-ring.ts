import type { KeyPolicy, KeySettings, KeyState, KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';

/** A key as it stands, without material. */
export interface KeyRecord {
  readonly id: string;
  readonly name: string;
  readonly aliases: readonly string[];
  readonly tenant: string;
  readonly type: KeyType;
  readonly state: KeyState;
  readonly primaryVersion: number;
  readonly versions: readonly KeyRecordVersion[];
  readonly settings: KeySettings;
  readonly policy: KeyPolicy;
  readonly isExportable: boolean;
  readonly createTime: Date;
  /** When a key that waits for its deletion is destroyed. */
  readonly destroyTime: Date | undefined;
  readonly nextRotationTime: Date | undefined;
}

export interface KeyRecordVersion {
  readonly version: number;
  readonly createTime: Date;
  readonly isImported: boolean;
  readonly encryptions: bigint;
}

/** The material of one version: raw bytes of a symmetric key, PKCS #8 (DER) of a private one. */
export interface VersionMaterial {
  readonly version: number;
  /** Belongs to the ring, which overwrites it when it is dropped: never kept across an await, never changed. */
  readonly material: Uint8Array;
}

/** `apply` encrypts and signs: primary version unless told. `open` decrypts and verifies: any version from the minimum on. */
export type VersionUse = 'apply' | 'open';

/** The keys for those who use them. A change of another replica is seen within a second. */
export interface KeyRing {
  /** A key by id, name or alias; throws `key_unknown`. */
  get(key: string): Promise<KeyRecord>;
  /** The material of `version` (the primary one when 0); throws when the key's state or minimum version forbids its use. */
  version(key: KeyRecord, version: number, use: VersionUse): Promise<VersionMaterial>;
}
