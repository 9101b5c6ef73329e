import { KeyType } from '@gabion/contracts/gabion/kms/v1/keys_pb';
import { MacAlgorithm, SignatureAlgorithm } from '@gabion/contracts/gabion/kms/v1/operations_pb';
import { expect, it } from '@jest/globals';
import { enumNames } from './enum-names.ts';
import { keyTypeNames, macAlgorithmNames, signatureAlgorithmNames } from './key-names.ts';

it('offers every type and algorithm of the contract', () => {
  expect(keyTypeNames).toEqual(enumNames<KeyType>(KeyType).names);
  expect(signatureAlgorithmNames).toEqual(enumNames<SignatureAlgorithm>(SignatureAlgorithm).names);
  expect(macAlgorithmNames).toEqual(enumNames<MacAlgorithm>(MacAlgorithm).names);
});
