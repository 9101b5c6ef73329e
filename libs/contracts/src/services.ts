import type { DescMessage, DescService } from '@bufbuild/protobuf';
import { AuditRecordedSchema } from '@gabion/contracts/gabion/audit/v1/audit_pb';
import { AuthenticationService } from '@gabion/contracts/gabion/identity/v1/authentication_pb';
import { CertificateService } from '@gabion/contracts/gabion/identity/v1/certificates_pb';
import { RoleService } from '@gabion/contracts/gabion/identity/v1/roles_pb';
import { TokenService } from '@gabion/contracts/gabion/identity/v1/tokens_pb';
import { ServiceAccountService, UserService } from '@gabion/contracts/gabion/identity/v1/users_pb';
import { ClusterEncryptionService, ClusterKeyService } from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import {
  KeyChangedSchema,
  KeysUsedSchema,
  SecretDriftedSchema,
  SecretRotatedSchema,
  SecretRotationFailedSchema,
} from '@gabion/contracts/gabion/kms/v1/events_pb';
import { KeyService } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { CryptoService } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { SealService } from '@gabion/contracts/gabion/kms/v1/seal_pb';
import { SecretPolicyService } from '@gabion/contracts/gabion/kms/v1/secret_policies_pb';
import { SecretRotationService } from '@gabion/contracts/gabion/kms/v1/secret_rotations_pb';
import { SecretSyncService } from '@gabion/contracts/gabion/kms/v1/secret_syncs_pb';
import { CredentialService, SecretService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import { AdvisoryService } from '@gabion/contracts/gabion/scan/v1/advisories_pb';
import {
  AdvisoriesImportedSchema,
  FindingsChangedSchema,
  ImageScannedSchema,
  MalwareFoundSchema,
  ScanFailedSchema,
} from '@gabion/contracts/gabion/scan/v1/events_pb';
import { ExceptionService } from '@gabion/contracts/gabion/scan/v1/exceptions_pb';
import { ImageService } from '@gabion/contracts/gabion/scan/v1/images_pb';
import { RegistryService } from '@gabion/contracts/gabion/scan/v1/registries_pb';
import { ScanService } from '@gabion/contracts/gabion/scan/v1/scans_pb';

/** Which gRPC services each service of Gabion offers. What the gateway transcodes, and what permissions exist. */
export const catalogue = {
  identity: [AuthenticationService, TokenService, UserService, ServiceAccountService, RoleService, CertificateService],
  'image-scanner': [ScanService, AdvisoryService, ImageService, ExceptionService, RegistryService],
  'kms-secrets': [
    SealService,
    KeyService,
    CryptoService,
    ClusterEncryptionService,
    ClusterKeyService,
    SecretService,
    CredentialService,
    SecretSyncService,
    SecretRotationService,
    SecretPolicyService,
  ],
} as const satisfies Record<string, readonly DescService[]>;

export type ServiceName = keyof typeof catalogue;

/** Every event that is published. */
export const events: readonly DescMessage[] = [
  AuditRecordedSchema,
  ImageScannedSchema,
  ScanFailedSchema,
  AdvisoriesImportedSchema,
  FindingsChangedSchema,
  MalwareFoundSchema,
  KeysUsedSchema,
  KeyChangedSchema,
  SecretDriftedSchema,
  SecretRotatedSchema,
  SecretRotationFailedSchema,
];
