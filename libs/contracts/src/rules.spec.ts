import { create } from '@bufbuild/protobuf';
import { CreateTokenRequestSchema, RevokeTokenRequestSchema } from '@gabion/contracts/gabion/identity/v1/tokens_pb';
import { CreateUserRequestSchema } from '@gabion/contracts/gabion/identity/v1/users_pb';
import { DecryptBatchRequestSchema } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import {
  CreateScanRequestSchema,
  ListScansRequestSchema,
  UploadImageRequestSchema,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { describe, expect, it } from '@jest/globals';
import { violations } from './rules.ts';

const codes = (found: ReturnType<typeof violations>) => found.map(({ field, code }) => `${field}: ${code}`);

describe('field rules', () => {
  it('asks for what is required', () => {
    expect(codes(violations(RevokeTokenRequestSchema, create(RevokeTokenRequestSchema)))).toEqual(['id: required']);
  });

  it('takes a valid message', () => {
    const user = create(CreateUserRequestSchema, { name: 'ada', email: 'ada@example.org', roles: ['viewer'] });
    expect(violations(CreateUserRequestSchema, user)).toEqual([]);
  });

  it('names each item of a list that breaks a rule', () => {
    const user = create(CreateUserRequestSchema, {
      name: 'Ada Lovelace',
      email: 'nobody',
      roles: ['ok', 'x'.repeat(65)],
    });
    expect(codes(violations(CreateUserRequestSchema, user))).toEqual([
      'name: pattern',
      'email: email',
      'roles[1]: too_long',
    ]);
  });

  it('limits numbers, formats and bytes', () => {
    expect(
      codes(
        violations(CreateTokenRequestSchema, create(CreateTokenRequestSchema, { name: 'x', lifetimeSeconds: 4e7 })),
      ),
    ).toEqual(['lifetimeSeconds: too_large']);
    expect(
      codes(
        violations(
          ListScansRequestSchema,
          create(ListScansRequestSchema, { imageDigest: 'sha256:XYZ', state: 99 as never }),
        ),
      ),
    ).toEqual(['imageDigest: digest', 'state: unknown_value']);
    const upload = create(UploadImageRequestSchema, { part: { case: 'chunk', value: new Uint8Array(1048577) } });
    expect(codes(violations(UploadImageRequestSchema, upload))).toEqual(['chunk: too_long']);
  });

  it('does not look at the items of a list that is too long, nor tell of more than a hundred', () => {
    const many = (count: number) =>
      create(DecryptBatchRequestSchema, { items: Array.from({ length: count }, () => ({})) });
    expect(codes(violations(DecryptBatchRequestSchema, many(300_000)))).toEqual(['items: too_many']);
    expect(violations(DecryptBatchRequestSchema, many(1000))).toHaveLength(100);
  });

  it('refuses a list that has no items where some are needed', () => {
    expect(codes(violations(DecryptBatchRequestSchema, create(DecryptBatchRequestSchema)))).toEqual(['items: too_few']);
  });

  it('looks into nested messages and limits strings that name no limit', () => {
    const scan = create(CreateScanRequestSchema, { credentials: { username: 'u'.repeat(257) } });
    expect(codes(violations(CreateScanRequestSchema, scan))).toEqual(['credentials.username: too_long']);
    const list = create(ListScansRequestSchema, { pageToken: 'x'.repeat(4097) });
    expect(codes(violations(ListScansRequestSchema, list))).toEqual(['pageToken: too_long']);
  });
});
