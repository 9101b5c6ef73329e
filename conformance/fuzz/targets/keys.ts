import { createHash, type KeyObject } from 'node:crypto';
import { agree, encapsulate } from '@gabion/keys/agreement';
import { certificateRequest } from '@gabion/keys/certificate-request';
import { encodeContext, maxContextBytes } from '@gabion/keys/context';
import { isDigestSignature } from '@gabion/keys/digest-signature';
import { distinguishedName } from '@gabion/keys/distinguished-name';
import { claimedKeyId, signedJws, verifiedJws } from '@gabion/keys/jws';
import { importedMaterial, type MaterialType, privateKeyOf } from '@gabion/keys/material';
import { pemOf, publicKeyIn, publicKeyOf } from '@gabion/keys/public-key';
import { isSignature } from '@gabion/keys/signature';
import { wrapForTransport } from '@gabion/keys/transport';
import { ecdsaSignature, ecKey, pssSignature, rsaKey, seedKeys } from '../kms-samples.ts';
import { type Target, texts } from '../target.ts';

const types: readonly MaterialType[] = [
  'symmetric-256',
  'hmac',
  'rsa-2048',
  'ecdsa-p256',
  'ed25519',
  'x25519',
  'ml-kem-768',
  'ml-dsa-44',
];
const rsa = { key: publicKeyOf('rsa-2048', rsaKey), algorithm: 'rsa-pss-sha256' } as const;
const ec = { key: publicKeyOf('ecdsa-p256', ecKey), algorithm: 'ecdsa-sha256' } as const;
const x25519 = privateKeyOf('x25519', seedKeys.x25519);
const ed25519 = privateKeyOf('ed25519', seedKeys.ed25519);
const ed25519Public = publicKeyOf('ed25519', seedKeys.ed25519);
const message = Buffer.from('message');
const digest = createHash('sha256').update(message).digest();
const payload = Buffer.from('{"sub":"app"}');
/** Both sign alike each time. */
const jwsSigners = [
  { key: ed25519, algorithm: 'ed25519' },
  { key: privateKeyOf('rsa-2048', rsaKey), algorithm: 'rsa-pkcs1-sha256' },
] as const;
const jwsSamples = jwsSigners.map((signer) => Buffer.from(signedJws(signer, { kid: 'k.1', typ: 'JWT' }, payload)));
const canonicalRsa = importedMaterial('rsa-2048', rsaKey);

/** Keys that are brought, what they signed, and what they are to sign. */
export const keyTargets: readonly Target[] = [
  {
    name: 'key-import',
    samples: [rsaKey, ecKey, ...Object.values(seedKeys), Buffer.alloc(32, 1), Buffer.alloc(64, 1)],
    errors: [],
    run: (input) => types.filter((type) => isImported(type, input)).length > 0,
  },
  {
    name: 'public-key',
    samples: [rsa.key, ec.key, ed25519Public, ...(['x25519', 'ml-kem-768'] as const).map(publicOf)].map((key) =>
      Buffer.from(pemOf(key)),
    ),
    errors: ['KeyError'],
    run: (input) => {
      const key = publicKeyIn(input.toString());
      if (!publicKeyIn(pemOf(key)).equals(key)) throw new Error('a public key does not come back from its PEM');
      return used(key);
    },
  },
  {
    name: 'signature',
    samples: [ecdsaSignature, pssSignature],
    errors: [],
    run: (input) => {
      const verdicts = [ec, rsa].map(({ key, algorithm }) => {
        const isOfMessage = isSignature(key, algorithm, message, input);
        if (isOfMessage !== isDigestSignature(key, algorithm, digest, input))
          throw new Error('a signature of the message is none of its digest, or the other way round');
        return isOfMessage;
      });
      const isSample = input.equals(ecdsaSignature) || input.equals(pssSignature);
      if (verdicts.includes(true) && !isSample) throw new Error('a changed signature is valid');
      return verdicts.includes(true);
    },
  },
  {
    name: 'jws',
    samples: jwsSamples,
    errors: [],
    run: (input) => {
      const text = input.toString();
      claimedKeyId(text);
      const isVerified = jwsSigners.some((signer) => verifiedJws(signer, text) !== undefined);
      if (isVerified && !jwsSamples.some((sample) => input.equals(sample))) throw new Error('a changed JWS is valid');
      return isVerified;
    },
  },
  {
    name: 'certificate-subject',
    samples: texts(
      'CN=db.example,O=Example',
      'CN=a\\, b\\C3\\A4+OU=ü, DC=x,2.5.4.9=\\#1 Main Street,E=a@b.example,C=DE',
    ),
    errors: ['KeyError'],
    async run(input) {
      const subject = input.toString();
      const names = distinguishedName(subject);
      const again = names.map((each) => each.map(({ type, value }) => `${type}=${escaped(value)}`).join('+')).join(',');
      if (again.length < 4096 && JSON.stringify(distinguishedName(again)) !== JSON.stringify(names))
        throw new Error(`is another name when it is written again: ${again.slice(0, 200)}`);
      return (await certificateRequest(ed25519, ed25519Public, { subject, dnsNames: [] })).length > 0;
    },
  },
  {
    name: 'context',
    samples: texts('tenant=a\ncluster=prod', 'a=\nb=ä'),
    errors: ['KeyError'],
    run: (input) => {
      const lines = input.toString().split('\n', 10_000);
      const context = new Map(lines.map((line) => [line.split('=', 1)[0] ?? '', line.slice(line.indexOf('=') + 1)]));
      const encoded = encodeContext(context);
      if (encoded.length > maxContextBytes) throw new Error(`${encoded.length} bytes of context`);
      const decoded = contextIn(encoded);
      if (decoded.size !== context.size || [...context].some(([name, value]) => decoded.get(name) !== value))
        throw new Error('a context is another one in its encoding');
      return true;
    },
  },
];

function publicOf(type: 'x25519' | 'ml-kem-768'): KeyObject {
  return publicKeyOf(type, type === 'x25519' ? seedKeys.x25519 : seedKeys.mlKem768);
}

/** Whether the type takes the input; what it keeps must be a key that it takes again. */
function isImported(type: MaterialType, input: Buffer): boolean {
  let kept: Buffer;
  try {
    kept = importedMaterial(type, input);
  } catch (error) {
    if ((error as Error).name === 'KeyError') return false;
    throw error;
  }
  if (!importedMaterial(type, kept).equals(kept)) throw new Error(`${type} is another key after it was kept`);
  if (type === 'rsa-2048' && !kept.equals(canonicalRsa)) throw new Error('a changed RSA key is taken');
  return true;
}

/** What is done with public keys of others. */
function used(key: KeyObject): boolean {
  const type = key.asymmetricKeyType ?? '';
  if (type === 'x25519') return agree(x25519, key).length === 32;
  if (type.startsWith('ml-kem')) return encapsulate(key).sharedSecret.length === 32;
  if (type === 'rsa') return wrapForTransport(key, message).length > 0;
  return true;
}

function escaped(value: string): string {
  return value.replace(/[ "#+,;<=>\\]/g, '\\$&');
}

/** Reads the encoding of a context back. */
function contextIn(encoded: Buffer): Map<string, string> {
  let at = 4;
  const next = () => {
    const length = encoded.readUInt32BE(at);
    at += 4 + length;
    return encoded.toString('utf8', at - length, at);
  };
  return new Map(Array.from({ length: encoded.readUInt32BE(0) }, () => [next(), next()]));
}
