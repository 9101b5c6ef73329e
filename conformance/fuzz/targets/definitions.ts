import { HashList } from '@gabion/malware/hash-list';
import { outlineOf } from '@gabion/malware/yara-outline';
import { configurationSecrets } from '@gabion/secrets/image-secrets';
import { SecretDetector } from '@gabion/secrets/secret-detector';
import { secretRules } from '@gabion/secrets/secret-rules';
import { type Target, texts } from '../target.ts';

const detector = new SecretDetector(secretRules);
const digest = 'aa15bcf478d165efd2065190eb473bcb';
const key = ['AKIA', 'Q3EGRZ7PLVTNUYXW'].join('');
const pem = `-----BEGIN RSA ${'PRIVATE'} KEY-----\n${'MIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn\n'.repeat(20)}-----END RSA ${'PRIVATE'} KEY-----\n`;
const rule =
  'import "pe"\n/* a */ private rule a : tag { meta: b = "c\\"d" strings: $a = "text" nocase wide // x\n $b = { 4D 5A ?? [2-4] ( 01 | 02 ) } $c = /ab+[^c]{2,3}\\/d/i condition: any of them and filesize < 1MB or (uint16(0) == 0x5A4D and for all i in (1..3) : ( @a[i] > 10 )) }\n';

/** What users bring of definitions, and texts that are searched for secrets. */
export const definitionTargets: readonly Target[] = [
  {
    name: 'yara-outline',
    samples: texts(rule),
    errors: ['MalwareError'],
    run: (input) => outlineOf(input.toString()).length > 0,
  },
  {
    name: 'hash-list',
    samples: texts(`${digest}:544:Test\n# a\n${'0'.repeat(64)}  ./a.exe\n"2026-01-01","${'1'.repeat(64)}","x"\n`),
    errors: ['MalwareError'],
    run: (input) => HashList.read([input.toString()]).size > 0,
  },
  {
    name: 'secrets',
    samples: texts(
      `aws_access_key_id = ${key}\npassword: "s3cr3t-Zq9xT7"\n`,
      pem,
      'https://user:pA55w0rd9x@db.example.org/a\n',
    ),
    errors: [],
    run: (input) => {
      detector.find(input, 'a/b.env');
      const text = input.toString();
      configurationSecrets(detector, { env: [text], history: [{ createdBy: text }], labels: new Map([['a', text]]) });
      return true;
    },
  },
];
