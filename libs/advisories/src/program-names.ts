/** A program that is found by evidence in its binary, and the names that feeds have for it. */
interface ProgramName {
  readonly name: string;
  /** Vendor and product of the CPEs under which the NVD keeps it. */
  readonly cpes: readonly string[];
  readonly bitnami?: string;
}

/**
 * The only products whose CPE ranges are read, each checked by hand to be the program of this name: matching by CPE is
 * a guess for anything that has an ecosystem, and is not done there.
 */
const programs: readonly ProgramName[] = [
  { name: 'bash', cpes: ['gnu:bash'] },
  { name: 'busybox', cpes: ['busybox:busybox'] },
  { name: 'consul', cpes: ['hashicorp:consul'], bitnami: 'consul' },
  { name: 'curl', cpes: ['haxx:curl', 'curl:curl'] },
  { name: 'envoy', cpes: ['envoyproxy:envoy'], bitnami: 'envoy' },
  { name: 'erlang', cpes: ['erlang:erlang\\/otp', 'erlang:otp'] },
  { name: 'go', cpes: ['golang:go'], bitnami: 'golang' },
  { name: 'haproxy', cpes: ['haproxy:haproxy'], bitnami: 'haproxy' },
  { name: 'httpd', cpes: ['apache:http_server'], bitnami: 'apache' },
  { name: 'julia', cpes: ['julialang:julia'] },
  { name: 'libcurl', cpes: ['haxx:libcurl'] },
  { name: 'mariadb', cpes: ['mariadb:mariadb'], bitnami: 'mariadb' },
  { name: 'memcached', cpes: ['memcached:memcached'], bitnami: 'memcached' },
  { name: 'musl', cpes: ['musl-libc:musl'] },
  { name: 'mysql', cpes: ['oracle:mysql', 'oracle:mysql_server'] },
  { name: 'nginx', cpes: ['f5:nginx', 'nginx:nginx', 'f5:nginx_open_source'], bitnami: 'nginx' },
  { name: 'node', cpes: ['nodejs:node.js'], bitnami: 'node' },
  { name: 'openssl', cpes: ['openssl:openssl'] },
  { name: 'perl', cpes: ['perl:perl'] },
  { name: 'php', cpes: ['php:php'], bitnami: 'php' },
  { name: 'postgresql', cpes: ['postgresql:postgresql'], bitnami: 'postgresql' },
  { name: 'python', cpes: ['python:python'], bitnami: 'python' },
  { name: 'redis', cpes: ['redis:redis', 'redislabs:redis'], bitnami: 'redis' },
  { name: 'ruby', cpes: ['ruby-lang:ruby'], bitnami: 'ruby' },
  { name: 'sqlite', cpes: ['sqlite:sqlite'], bitnami: 'sqlite' },
  { name: 'traefik', cpes: ['traefik:traefik'] },
  { name: 'valkey', cpes: ['lfprojects:valkey', 'valkey-io:valkey'], bitnami: 'valkey' },
  { name: 'zlib', cpes: ['zlib:zlib'] },
];

const byCpe: ReadonlyMap<string, string> = new Map(
  programs.flatMap(({ name, cpes }) => cpes.map((cpe) => [cpe, name])),
);
const byName: ReadonlyMap<string, ProgramName> = new Map(programs.map((program) => [program.name, program]));

/** The program that a CPE's `vendor:product` means. */
export function programOfCpe(vendorAndProduct: string): string | undefined {
  return byCpe.get(vendorAndProduct);
}

/** Bitnami's name of the program; its records speak of the upstream release that it packages. */
export function bitnamiNameOf(name: string): string | undefined {
  return byName.get(name)?.bitnami;
}
