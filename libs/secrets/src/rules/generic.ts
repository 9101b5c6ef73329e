// biome-ignore-all format: a table with a row for each rule
import { assigned, type SecretRule, token } from '../secret-rule.ts';

const password = String.raw`[^\s:@/"'\x60<>\\{}$]{3,200}`;

/** Keys, passwords and tokens of no particular service. They stand last: where a rule of a service matches, it counts. */
export const genericRules: readonly SecretRule[] = [
  token({ id: 'private-key', title: 'private key', severity: 'critical', keywords: ['-----BEGIN'] }, String.raw`-----BEGIN[ A-Z0-9]{0,40} ?PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[nr]){1,6}(?:[A-Z][A-Za-z-]{2,20}: [^\n]{1,80}\n){0,4}\s{0,4}([A-Za-z0-9+/=]{40,80})`),
  token({ id: 'putty-private-key', title: 'PuTTY private key', severity: 'critical', keywords: ['PuTTY-User-Key-File-'] }, String.raw`PuTTY-User-Key-File-[23]: ([\s\S]{10,400}?)Private-Lines:`),
  token({ id: 'age-secret-key', title: 'age secret key', severity: 'critical', keywords: ['AGE-SECRET-KEY-1'] }, 'AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}'),
  token(
    {
      id: 'wireguard-private-key',
      title: 'WireGuard private key',
      severity: 'critical',
      keywords: ['PrivateKey'],
      entropy: 4,
    },
    String.raw`PrivateKey\s{0,4}=\s{0,4}([A-Za-z0-9+/]{43}=)`,
  ),
  token({ id: 'jwt', title: 'JSON web token', severity: 'medium', keywords: ['eyJ'], entropy: 3 }, String.raw`eyJ[A-Za-z0-9_-]{15,1000}\.eyJ[A-Za-z0-9_-]{15,2000}\.[A-Za-z0-9_-]{10,1000}={0,2}`),
  token({ id: 'jwt-base64', title: 'JSON web token in Base64', severity: 'medium', keywords: ['ZXlK'], entropy: 3 }, 'ZXlK[A-Za-z0-9+/]{80,3500}={0,2}'),
  token(
    {
      id: 'database-url',
      title: 'database password in a URL',
      severity: 'high',
      keywords: ['postgres://', 'postgresql://', 'mysql://', 'mariadb://', 'mongodb://', 'mongodb+srv://', 'redis://', 'rediss://', 'amqp://', 'amqps://', 'mssql://', 'sqlserver://', 'cockroachdb://', 'clickhouse://', 'ldap://', 'ldaps://', 'nats://'],
      entropy: 1.5,
      allowed: /^(?:password|passwd|pass|pwd|secret|user|username|root|postgres|admin|test|guest|localhost|mysql|redis|mongo)$/i,
    },
    String.raw`(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|mssql|sqlserver|cockroachdb|clickhouse|ldaps?|nats)://[^\s:@/"'\x60<>]{0,100}:(${password})@`,
    'i',
  ),
  token(
    {
      id: 'url-credentials',
      title: 'password in a URL',
      severity: 'high',
      keywords: ['https://', 'http://', 'ftp://', 'git+https://', 'ssh://'],
      entropy: 2.5,
      allowed: /^(?:x-oauth-basic|password|passwd|pass|pwd|secret|token|user|example)$/i,
    },
    String.raw`(?:git\+https|https?|ftp|ssh)://[A-Za-z0-9._~%+-]{1,100}:(${password})@[A-Za-z0-9.-]{2,200}`,
    'i',
  ),
  token(
    {
      id: 'curl-auth-user',
      title: 'password in a curl command',
      severity: 'high',
      keywords: ['curl '],
      entropy: 2,
      allowed: /(?:change(?:it|me)|pass(?:word)?|pwd|test|token)$/i,
    },
    String.raw`curl [^\n|;&]{0,300}?(?:-u|--user)[ =]["']?([^\s:"'$<]{3,60}:[^\s"'$<]{3,100})`,
  ),
  token({ id: 'curl-auth-header', title: 'token in a curl command', severity: 'high', keywords: ['curl '], entropy: 2.75 }, String.raw`curl [^\n|;&]{0,300}?(?:-H|--header)[ =]["'](?:Authorization:\s{0,4}(?:Basic|Bearer|Token|Api-Token)\s{1,4}|X-[A-Za-z-]{0,30}(?:Key|Token):\s{0,4})([\w=~@.+/-]{8,1000})`, 'i'),
  token(
    {
      id: 'authorization-header',
      title: 'credentials in a header',
      severity: 'high',
      keywords: ['Authorization'],
      entropy: 3,
    },
    String.raw`Authorization["']?\s{0,4}[:=,]\s{0,4}["']?(?:Basic|Bearer)\s{1,4}([\w=~.+/-]{16,1000})`,
    'i',
  ),
  token(
    {
      id: 'netrc-password',
      title: 'password in .netrc',
      severity: 'high',
      keywords: ['password'],
      path: /(?:^|\/)[._]netrc$/,
    },
    String.raw`password\s{1,10}(\S{4,200})`,
  ),
  token(
    {
      id: 'pgpass-password',
      title: 'password in .pgpass',
      severity: 'high',
      keywords: [':5432:', ':*:'],
      reach: 100,
      path: /(?:^|\/)\.pgpass$/,
    },
    String.raw`[^:\s]{1,100}:[^:\s]{1,10}:[^:\s]{1,60}:[^:\s]{1,60}:(\S{3,100})`,
  ),
  token(
    {
      id: 'htpasswd-hash',
      title: 'password hash in .htpasswd',
      severity: 'medium',
      keywords: [':$apr1$', ':$2y$', ':{SHA}'],
      path: /htpasswd$/,
    },
    String.raw`:(\$apr1\$\S{20,60}|\$2y\$\S{50,60}|\{SHA\}\S{28})`,
  ),
  assigned(
    {
      id: 'django-secret-key',
      title: 'Django secret key',
      severity: 'high',
      entropy: 3.5,
      path: /\.(?:py|env|ya?ml|toml|cfg)[^/]{0,20}$/,
    },
    ['SECRET_KEY'],
    String.raw`[\w!@#$%^&*()=+,.-]{40,100}`,
  ),
  token({ id: 'laravel-app-key', title: 'Laravel application key', severity: 'high', keywords: ['APP_KEY='] }, 'APP_KEY=["\']?(base64:[A-Za-z0-9+/]{42,44}={0,2})'),
  assigned({ id: 'rails-secret-key-base', title: 'Rails secret key', severity: 'high', entropy: 3 }, ['secret_key_base', 'rails_master_key'], '[a-f0-9]{32,128}'),
  token(
    {
      id: 'kubernetes-secret-yaml',
      title: 'value of a Kubernetes Secret',
      severity: 'high',
      keywords: ['kind: Secret'],
      path: /\.ya?ml$/,
    },
    String.raw`kind: Secret[\s\S]{0,2000}?\n(?:data|stringData):\s{0,4}\n(?:\s{1,8}#[^\n]{0,200}\n){0,2}\s{1,8}[\w.-]{1,100}:\s{1,4}["']?([^\s"'{$<|>][^\s"']{7,1000})`,
  ),
  assigned({ id: 'database-password', title: 'database password', severity: 'high', entropy: 2.5 }, ['db_password', 'db_passwd', 'database_password', 'postgres_password', 'mysql_password', 'mysql_root_password', 'mongo_password', 'redis_password', 'pgpassword'], String.raw`[^\s"'\x60;,$<{%][^\s"'\x60;,]{5,100}`),
  assigned({ id: 'generic-password', title: 'password', severity: 'medium', entropy: 3, allowed: /^[A-Za-z_.-]+$|^[\d.]+$/ }, ['password', 'passwd', 'passphrase'], '[A-Za-z0-9!@#%^&*_+=.?~-]{8,64}'),
  assigned(
    {
      id: 'generic-api-key',
      title: 'API key or token',
      severity: 'medium',
      entropy: 3.5,
      allowed: /^[A-Za-z_.=-]+$|^[\d.]+$/,
    },
    ['access', 'auth', 'apikey', 'api_key', 'api-key', 'credential', 'creds', 'client_id', 'client_secret', 'clientsecret', 'secret', 'token', '_key'],
    '[A-Za-z0-9_.=-]{16,150}',
  ),
];
