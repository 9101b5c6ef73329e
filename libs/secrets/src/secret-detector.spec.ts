import { describe, expect, it } from '@jest/globals';
import { configurationSecrets } from './image-secrets.ts';
import { SecretDetector } from './secret-detector.ts';
import { secretRules } from './secret-rules.ts';

const detector = new SecretDetector(secretRules);

/** A text of a shape that no scanner of this file takes for a secret: put together when the test runs. */
const make = (length: number, alphabet = 'Zf3D0LXCM3EIMbgJpUNnkRtOfOueHznB7q9Wa5Ys') =>
  Array.from({ length }, (_, at) => alphabet[(at * 7 + 3) % alphabet.length]).join('');
const hex = (length: number) => make(length, '6da89121079f83b2eb6acccf8219ea98');
const digits = (length: number) => make(length, '8305917246');

const found = (text: string, path = '') => detector.find(text, path).map(({ rule }) => rule.id);

describe('secrets of services', () => {
  it.each([
    ['aws-access-token', `AKIA${make(16, 'Q3EGRC7K2XZ5JW4M')}`],
    ['aws-secret-access-key', `aws_secret_access_key = "${make(40)}"`],
    ['gcp-api-key', `AIza${make(35)}`],
    ['azure-storage-account-key', `AccountName=a;AccountKey=${make(86)}==;`],
    ['azure-ad-client-secret', `client="abc8Q~${make(34)}"`],
    ['digitalocean-pat', `dop_v1_${hex(64)}`],
    ['github-pat', `token: ghp_${make(36)}`],
    ['github-fine-grained-pat', `github_pat_${make(82)}`],
    ['gitlab-pat', `glpat-${make(20)}`],
    ['npm-access-token', `npm_${make(36)}`],
    ['npm-auth-token', `//registry.npmjs.org/:_authToken=${make(36)}`],
    ['pypi-upload-token', `pypi-AgEIcHlwaS5vcmc${make(85)}`],
    ['docker-hub-pat', `dckr_pat_${make(27)}`],
    ['slack-bot-token', `xoxb-${digits(12)}-${digits(12)}-${make(24)}`],
    ['slack-webhook-url', `https://hooks.slack.com/services/${make(44)}`],
    ['stripe-access-token', `sk_live_${make(24)}`],
    ['sendgrid-api-token', `SG.${make(22)}.${make(43)}`],
    ['openai-api-key', `sk-${make(20)}T3BlbkFJ${make(20)}`],
    ['anthropic-api-key', `sk-ant-api03-${make(93)}AA`],
    ['vault-service-token', `hvs.${make(96)}`],
    ['hashicorp-tf-api-token', `${make(14)}.atlasv1.${make(67)}`],
    ['adafruit-api-key', `adafruit_key := "${make(32)}"`],
    ['datadog-access-token', `DATADOG_APP_KEY=${make(40)}`],
    ['heroku-api-key', `heroku_key: "${hex(8)}-${hex(4)}-${hex(4)}-${hex(4)}-${hex(12)}"`],
    ['telegram-bot-api-token', `TELEGRAM_TOKEN=${digits(9)}:A${make(34)}`],
    ['jwt', `eyJ${make(33)}.eyJ${make(60)}.${make(43)}`],
    ['database-url', `DATABASE_URL=postgres://app:${make(16)}@db:5432/app`],
    ['url-credentials', `git clone https://bot:${make(20)}@git.example/x.git`],
    ['laravel-app-key', `APP_KEY=base64:${make(43)}=`],
    ['wireguard-private-key', `PrivateKey = ${make(43)}=`],
    ['generic-api-key', `service.token = "${make(32)}"`],
  ])('%s', (rule, text) => {
    expect(found(`before\n${text}\nafter`)).toEqual([rule]);
    expect(found(text)).toEqual([rule]);
  });

  it('private-key, on lines of its own and in JSON', () => {
    const key = (newline: string) =>
      ['-----BEGIN RSA PRIVATE KEY-----', make(64), make(64), '-----END RSA PRIVATE KEY-----'].join(newline);
    expect(found(key('\n'))).toEqual(['private-key']);
    expect(found(JSON.stringify({ key: key('\n') }))).toEqual(['private-key']);
    expect(found('-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----')).toEqual([]);
  });

  it('are known by their file where their form says too little', () => {
    const auth = `{"auths":{"registry.example":{"auth":"${make(40)}"}}}`;
    expect(found(auth, 'root/.docker/config.json')).toEqual(['docker-config-auth']);
    expect(found(auth, 'data/other.xml')).toEqual(['generic-api-key']);
  });
});

describe('what is no secret', () => {
  it.each([
    ['AKIAIOSFODNN7EXAMPLE'],
    [`ghp_${'x'.repeat(36)}`],
    ['password = "changeme"'],
    ['password = os.environ["DB_PASSWORD"]'],
    [`PASSWORD=${'$'}{DB_PASSWORD}`],
    ['postgres://user:password@localhost/db'],
    ['postgres://user:$PASSWORD@db/app'],
    ['client_vpn_endpoint_id = aws_ec2_client_vpn_endpoint.client-vpn-endpoint.id'],
    ['password combination.\n\nR5: Regulatory--21'],
    ['const token = await getToken(request);'],
    [`"integrity": "sha512-${make(86)}=="`],
    [`my_ghp_${make(36)}`],
  ])('%s', (text) => {
    expect(found(text)).toEqual([]);
  });
});

describe('a match', () => {
  it('tells line and what stands before the secret, never the secret', () => {
    const secret = make(36);
    const [match] = detector.find(`a\nb\nGITHUB_TOKEN=ghp_${secret}\n`);
    expect(match).toMatchObject({ line: 3, redacted: '****' });
    const [other] = detector.find(`x\naws_secret_access_key = "${make(40)}"`);
    expect(other).toMatchObject({ line: 2, redacted: 'aws_secret_access_key = "****' });
    expect(JSON.stringify([match, other])).not.toContain(secret.slice(0, 8));
  });

  it('is found wherever pieces are cut', () => {
    const text = `${'.'.repeat(3000)}\nx = "${make(8)}" AKIA${make(16, 'Q3EGRC7K2XZ5JW4M')} \n${'.'.repeat(3000)}`;
    const large = `${'line\n'.repeat(400_000)}${text}${'\nline'.repeat(300_000)}`;
    const whole = detector.find(large).map(({ rule, line }) => [rule.id, line]);
    expect(whole).toEqual([['aws-access-token', 400_002]]);
    for (const size of [4093, 65_536, 1_000_003]) {
      const reading = detector.reading();
      const bytes = Buffer.from(large);
      for (let at = 0; at < bytes.length; at += size) reading.write(bytes.subarray(at, at + size));
      expect(reading.end().map(({ rule, line }) => [rule.id, line])).toEqual(whole);
    }
  });

  it('is looked for in environment, history and labels', () => {
    const token = `ghp_${make(36)}`;
    const secrets = configurationSecrets(detector, {
      env: ['PATH=/bin', `TOKEN=${token}`],
      history: [{ createdBy: 'RUN true' }, { createdBy: `RUN |1 T=${token} /bin/sh -c make` }],
      labels: new Map([['note', token]]),
    });
    expect(secrets.map(({ origin, name, step, ruleId }) => [origin, name, step, ruleId])).toEqual([
      ['environment', 'TOKEN', -1, 'github-pat'],
      ['history', '', 1, 'github-pat'],
      ['label', 'note', -1, 'github-pat'],
    ]);
    expect(JSON.stringify(secrets)).not.toContain(token);
  });

  it('is no more than a hundred of one text, in time, whatever it holds', () => {
    const many = `AKIA${make(16, 'Q3EGRC7K2XZ5JW4M')}\n`.repeat(50_000);
    expect(detector.find(many)).toHaveLength(100);
    for (const rule of secretRules) {
      const hostile = `${rule.keywords[0]}${'= '.repeat(20)}`.repeat(2000);
      const started = performance.now();
      detector.find(hostile);
      expect(performance.now() - started).toBeLessThan(2000);
    }
  });
});
