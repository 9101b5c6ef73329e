import { after, dotted, type Program } from './program.ts';

const plain = '\\d{1,3}\\.\\d{1,3}\\.\\d{1,4}';
const stage = '(?:-?(?:alpha|beta|rc)\\.?\\d{0,2})?';
const maria = `\\d{1,2}\\.\\d{1,2}\\.\\d{1,2}`;
const mysql = `\\d{1,2}\\.\\d{1,2}\\.\\d{1,3}`;
const pg = '\\d{1,2}(?:\\.\\d{1,2}){0,2}(?:alpha|beta|rc)?\\d{0,2}';

/** Web servers, proxies, databases, mail, names and other services. */
export const servers: readonly Program[] = [
  {
    name: 'nginx',
    files: ['nginx', 'nginx-debug'],
    evidence: [
      {
        anchor: 'nginx version: ',
        pattern: new RegExp(`nginx version: [a-z]{1,20}/(${plain}(?:\\+\\d{1,4})?(?:-\\d{1,4})?)`),
      },
    ],
  },
  { name: 'openresty', files: ['nginx', 'openresty'], evidence: [after('nginx version: openresty/')] },
  { name: 'httpd', path: /(?:^|\/)(?:httpd|apache2)$/, evidence: [after('Apache/', plain)] },
  {
    name: 'haproxy',
    files: ['haproxy'],
    evidence: [
      {
        anchor: ', released 20',
        pattern: /version (\d\.\d{1,2}(?:\.|-dev|-rc)\d{1,3})(?:-[a-z0-9]{1,12})?, released 20/,
      },
      after('HA-Proxy version ', '\\d\\.\\d{1,2}(?:\\.|-dev)\\d{1,3}'),
      {
        anchor: 'HAProxy version',
        pattern: /(\d\.\d{1,2}(?:\.|-dev)\d{1,3})-[0-9a-zA-Z]{6,12}[^\n]{1,200}HAProxy version/,
      },
      { anchor: 'HAProxy version', pattern: /\0(\d\.\d{1,2}(?:\.|-dev)\d{1,3})(?:-[\w+~.-]{1,40})?\0/ },
    ],
  },
  {
    name: 'lighttpd',
    files: ['lighttpd'],
    evidence: [{ anchor: 'lighttpd/', pattern: new RegExp(`\\0lighttpd/(${plain})`) }],
  },
  { name: 'varnish', files: ['varnishd'], evidence: [after('varnish-', plain)] },
  { name: 'squid', files: ['squid'], evidence: [after('squid/', dotted)] },
  {
    name: 'envoy',
    files: ['envoy'],
    evidence: [
      {
        anchor: 'envoy_reloadable_features',
        pattern: /\0(1\.[3-9]\d\.\d{1,2}(?:-dev)?)\0[\s\S]{0,1000}envoy_reloadable_features/,
      },
      {
        anchor: 'envoy.reloadable_features',
        pattern: /\0(1\.3\d\.\d{1,2}(?:-dev)?)\0[\s\S]{0,200}envoy\.reloadable_features/,
      },
      { anchor: 'envoy_quic_', pattern: /envoy_quic_[\s\S]{0,1000}?\0(1\.2\d\.\d{1,2}(?:-dev)?)\0/ },
      { anchor: 'Unable to', pattern: /\0(1\.[12]\d\.\d{1,2}(?:-dev)?)\0[\s\S]{0,1000}Unable to/ },
      { anchor: 'ValidationError', pattern: /\0(1\.[12]\d\.\d{1,2}(?:-dev)?)\0[\s\S]{0,1000}ValidationError/ },
      { anchor: '[source/', pattern: /\[source\/[\s\S]{0,200}?\0(1\.1\d\.\d{1,2}(?:-dev)?)\0/ },
      { anchor: 'RELEASE', pattern: /\0(1\.\d{1,2}\.\d{1,2}(?:-dev)?)\0[\s\S]{0,20}RELEASE/ },
    ],
  },
  {
    name: 'traefik',
    files: ['traefik'],
    evidence: [
      { pattern: new RegExp(`\\0v?(${plain}(?:-(?:alpha|beta|rc)\\.?\\d)?)\\0`) },
      { pattern: new RegExp(`[^\\x20-\\x7e](${plain}(?:-(?:alpha|beta|rc)\\.?\\d)?)\\0`) },
    ],
  },
  {
    name: 'redis',
    files: ['redis-server', 'redis-sentinel'],
    evidence: [
      { anchor: 'Redis version ', pattern: new RegExp(`Redis version (${plain})`) },
      { pattern: /[^\d.](\d{1,2}\.\d{1,2}\.\d{1,3})(?:buildkitsandbox|[0-9a-f]{12})-\d{10,19}/ },
      { anchor: 'redis_version:', pattern: /\0(\d{1,2}\.\d{1,2}\.\d{1,3})\0/ },
    ],
  },
  {
    name: 'valkey',
    files: ['valkey-server', 'valkey-sentinel', 'redis-server'],
    evidence: [
      {
        anchor: 'alkey',
        pattern: /(?:valkey|Valkey version |[^\d.])(\d{1,2}\.\d{1,2}\.\d{1,3}(?:-rc\d)?)buildkitsandbox-\d/,
      },
      { anchor: 'valkey_version:', pattern: /\0(\d{1,2}\.\d{1,2}\.\d{1,3})\0/ },
    ],
  },
  {
    name: 'keydb',
    files: ['keydb-server'],
    evidence: [after('KeyDB version '), { anchor: 'keydb', pattern: new RegExp(`\\0(${plain})\\0`) }],
  },
  {
    name: 'memcached',
    files: ['memcached'],
    evidence: [after('memcached ', plain), { anchor: 'memcached', pattern: /\0(1\.[4-9]\.\d{1,2})\0/ }],
  },
  {
    name: 'postgresql',
    files: ['postgres', 'postmaster'],
    evidence: [
      { anchor: 'PostgreSQL ', pattern: new RegExp(`(?:\\0|\\?)PostgreSQL (${pg})`) },
      { anchor: '(PostgreSQL) ', pattern: new RegExp(`\\(PostgreSQL\\) (${pg})`) },
    ],
  },
  {
    name: 'mariadb',
    path: /(?:^|\/)(?:mariadb|mariadbd|mysql|mysqld)$/,
    evidence: [{ anchor: '-MariaDB', pattern: new RegExp(`(${maria})-MariaDB`) }],
  },
  {
    name: 'mysql',
    files: ['mysql', 'mysqld'],
    evidence: [
      { anchor: '/percona-server-', pattern: new RegExp(`/percona-server-(${mysql})`), name: 'percona-server' },
      {
        anchor: '/Percona-XtraDB-Cluster-',
        pattern: new RegExp(`/Percona-XtraDB-Cluster-(${mysql})`),
        name: 'percona-xtradb-cluster',
      },
      { anchor: 'mysql', pattern: new RegExp(`\\0(${mysql}(?:-[a-z]{2,4}\\d?)?)\\0{1,64}mysql`) },
      { anchor: '/mysql-', pattern: new RegExp(`/mysql-(${mysql})`) },
    ],
  },
  { name: 'percona-xtrabackup', files: ['xtrabackup'], evidence: [after('/percona-xtrabackup-', mysql)] },
  {
    name: 'mongodb',
    files: ['mongod', 'mongos'],
    evidence: ['tcmalloc', 'heap_size', 'cppdefines', 'modules'].map((next) => ({
      anchor: next,
      pattern: new RegExp(`(\\d\\.\\d{1,2}\\.\\d{1,3}(?:-rc\\d{1,2})?)\\0{1,16}${next}`),
    })),
  },
  {
    name: 'sqlite',
    path: /(?:^|\/)(?:sqlite3|libsqlite3\.so(?:\.[\d.]{1,16})?)$/,
    evidence: [
      { anchor: 'SQLite version', pattern: /\0(3\.\d{1,2}\.\d{1,2}(?:\.\d)?)\0/ },
      { pattern: /\0(3\.\d{1,2}\.\d{1,2}(?:\.\d)?)\0/ },
    ],
  },
  { name: 'sqlcipher', files: ['sqlcipher'], evidence: [{ pattern: new RegExp(`[^0-9]\\0(${plain})\\0`) }] },
  {
    name: 'arangodb',
    files: ['arangosh', 'arangod'],
    evidence: [{ anchor: '[linux]', pattern: new RegExp(`(${plain}(?:-\\d{1,2})?)\\s(?:enterprise\\s)?\\[linux\\]`) }],
  },
  {
    name: 'fluent-bit',
    files: ['fluent-bit'],
    evidence: [{ anchor: 'Fluent', pattern: new RegExp(`\\0(${plain})\\0{1,3}(?:\\x1b\\[1m\\0)?(?:%s)?Fluent`) }],
  },
  {
    name: 'proftpd',
    files: ['proftpd'],
    evidence: [
      after('ProFTPD Version ', `${plain}[a-z]?`),
      { anchor: 'ProFTPD', pattern: new RegExp(`ProFTPD (${plain}[a-z]?)`) },
    ],
  },
  {
    name: 'openldap',
    files: ['ldapsearch', 'slapd', 'ldapadd'],
    evidence: [{ anchor: '$OpenLDAP: ', pattern: new RegExp(`\\$OpenLDAP: \\w{1,20} (${plain})`) }],
  },
  { name: 'unbound', files: ['unbound'], evidence: [after('unbound ', plain), after('unbound-', plain)] },
  {
    name: 'bind',
    path: /(?:^|\/)(?:named|libisc-9[\w.-]{1,32}\.so)$/,
    evidence: [after('BIND ', '9\\.\\d{1,2}\\.\\d{1,2}'), { pattern: /\0(9\.\d{1,2}\.\d{1,2})(?:-[\w+~.-]{1,40})?\0/ }],
  },
  {
    name: 'dnsmasq',
    files: ['dnsmasq'],
    evidence: [after('dnsmasq-', '2\\.\\d{1,3}'), { anchor: 'dnsmasq', pattern: /\0(2\.\d{2,3})\0/ }],
  },
  { name: 'openssh', files: ['sshd', 'ssh'], evidence: [after('OpenSSH_', '\\d{1,2}\\.\\d{1,2}p\\d')] },
  {
    name: 'dropbear',
    files: ['dropbear', 'dropbearmulti'],
    evidence: [
      after('SSH-2.0-dropbear_', '\\d{4}\\.\\d{1,3}'),
      { anchor: 'ropbear', pattern: /\0v?(20\d\d\.\d{1,3})\0/ },
    ],
  },
  {
    name: 'mosquitto',
    files: ['mosquitto'],
    evidence: [after('mosquitto version ', plain), { anchor: 'mosquitto', pattern: /\0(2\.\d{1,2}\.\d{1,2})\0/ }],
  },
  { name: 'tor', files: ['tor'], evidence: [after('Tor ', '0\\.\\d\\.\\d{1,2}\\.\\d{1,2}')] },
  {
    name: 'openvpn',
    files: ['openvpn'],
    evidence: [{ anchor: 'OpenVPN ', pattern: /OpenVPN (2\.\d\.\d{1,2}(?:_\w{1,8})?) [\w]{1,20}-/ }],
  },
  {
    name: 'postfix',
    path: /(?:^|\/)libpostfix-global\.so(?:\.[\d.]{1,16})?$/,
    evidence: [{ anchor: 'mail_version', pattern: /\0(3\.\d{1,2}\.\d{1,2})\0/ }],
  },
  {
    name: 'consul',
    files: ['consul'],
    evidence: [
      after('CONSUL_VERSION: ', plain),
      { anchor: 'GitDescribe=', pattern: new RegExp(`GitDescribe=v?(${plain})`) },
      { pattern: new RegExp(`\\0v(1\\.\\d{1,2}\\.\\d{1,2}${stage})\\0`) },
    ],
  },
  {
    name: 'vault',
    files: ['vault'],
    evidence: [
      after('revoke', plain),
      { anchor: 'state', pattern: new RegExp(`state(${plain}-rc\\d)`) },
      { anchor: '016x', pattern: /016x(1\.1\d\.\d{1,2}?)(?=\D|\d{3}\.|1\.\d)/ },
      { pattern: /\0(1\.\d{1,2}\.\d{1,2})\0/ },
    ],
  },
  {
    name: 'helm',
    files: ['helm', 'tiller'],
    evidence: [{ pattern: new RegExp(`\\0v(${plain}(?:-(?:alpha|beta|rc)\\.\\d{1,2})?)\\0`) }],
  },
  {
    name: 'elastic-agent',
    files: ['elastic-agent'],
    evidence: [
      { anchor: 'enroll', pattern: new RegExp(`enroll(?:: true)?(${plain})-?header`) },
      { anchor: ':https', pattern: new RegExp(`PM(${plain}):https`) },
    ],
  },
  ...['auditbeat', 'filebeat', 'heartbeat', 'metricbeat', 'packetbeat'].map((name) => ({
    name,
    files: [name],
    // Constants of Go stand side by side, sorted by length: these are what the version stands between.
    evidence: [
      { anchor: 'setupTest ', pattern: new RegExp(`setupTest (${plain})(?:%s|input)`) },
      { anchor: 'plugin', pattern: new RegExp(`plugin(${plain})global`) },
      { anchor: '-9765625', pattern: new RegExp(`rate(${plain})-9765625`) },
    ],
  })),
  ...['pilot-discovery', 'pilot-agent'].map((name) => ({ name, files: [name], evidence: istio() })),
  { name: 'nginx-ingress-controller', files: ['nginx-ingress-controller'], evidence: ingress() },
  { name: 'grafana', files: ['grafana', 'grafana-server'], evidence: grafana() },
];

function istio() {
  const version = '\\d\\.\\d{1,2}\\.\\d{1,2}(?:-(?:alpha|beta|rc)\\.\\d{1,2}|-dev)?';
  return [
    { pattern: new RegExp(`\\d\\.\\d{1,2}\\.\\d{1,2}\\0{1,16}(${version})\\0`) },
    { anchor: 'Clean\0', pattern: new RegExp(`Clean\\0{1,16}(${version})\\0`) },
    { anchor: 'Modified\0', pattern: /Modified\0{1,16}(\d\.\d{1,2}-dev)\0/ },
    { anchor: '=v<y5', pattern: new RegExp(`(${version})\\0[\\s\\S]{1,100}=v<y5`) },
  ];
}

function ingress() {
  const version = `${plain}(?:-(?:alpha|beta)\\.\\d)?`;
  return [
    { anchor: 'go1.', pattern: new RegExp(`v(${version})\\0{1,16}[^\\n]{0,50}go1\\.\\d`) },
    { anchor: '$a', pattern: new RegExp(`v(${version})\\0[^\\n]{0,800}\\$a`) },
    { anchor: 'S=v<y5', pattern: new RegExp(`\\0v?(${version})\\0[^\\n]{0,100}S=v<y5`) },
    { anchor: 'go1.', pattern: new RegExp(`go1\\.\\d{1,2}\\.\\d{1,2}\\0{1,32}v(${version})\\0`) },
    { pattern: new RegExp(`\\0v(${plain}-(?:alpha|beta)\\.\\d)\\0`) },
  ];
}

function grafana() {
  const version = '\\d{1,2}\\.\\d{1,2}\\.\\d{1,2}(?:-(?:beta\\d|test|preview|\\d{6,12}))?';
  const security = '(?:\\+security-\\d\\d)?';
  return [
    { anchor: '\0release-', pattern: new RegExp(`\\0release-(${version})${security}\\0`) },
    { pattern: /\0(\d{1,2}\.\d{1,2}\.\d{1,2}-\d{6,12})\0/ },
    {
      anchor: '+DT',
      pattern: new RegExp(`\\0go1\\.\\d{1,2}\\.\\d{1,2}\\0{1,32}(${version})${security}\\0[\\s\\S]{1,500}\\+DT`),
    },
    { anchor: '$a', pattern: new RegExp(`(${version})${security}\\0{1,16}\\$a`) },
    { pattern: new RegExp(`(${version})${security}\\0{1,16}v\\d{1,2}\\.\\d{1,2}\\.x\\0`) },
    { anchor: 'HEAD\0', pattern: new RegExp(`HEAD\\0[^\\n]{0,200}?\\0(${version})${security}\\0`) },
    { anchor: '/usr/local/go', pattern: new RegExp(`\\0(${version})${security}\\0[\\s\\S]{0,200}/usr/local/go`) },
    { anchor: '+DT', pattern: new RegExp(`(${version})${security}\\0[\\s\\S]{1,100}\\0go1\\.\\d{1,2}\\.\\d{1,2}\\0`) },
    { pattern: new RegExp(`\\0[^\\n]?(${version})${security}\\0`) },
  ];
}
