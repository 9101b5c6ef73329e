import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';

/** The layers, from the one that may use all others to the one that uses none. */
const layers = ['composition', 'service', 'platform', 'engine', 'contract'];

/** Which layer a folder is of. A library that is not named is a breach: somebody has to say what it is. */
const layerOfLibrary = {
  contracts: 'contract',
  versions: 'engine',
  cvss: 'engine',
  advisories: 'engine',
  oci: 'engine',
  rootfs: 'engine',
  inventory: 'engine',
  'image-checks': 'engine',
  remediation: 'engine',
  patterns: 'engine',
  malware: 'engine',
  secrets: 'engine',
  licences: 'engine',
  reports: 'engine',
  purl: 'engine',
  keys: 'engine',
  'etcd-evidence': 'engine',
  shamir: 'engine',
  sbom: 'engine',
  vex: 'engine',
  rpc: 'platform',
  events: 'platform',
  postgres: 'platform',
  redis: 'platform',
  trust: 'platform',
  telemetry: 'platform',
  service: 'platform',
  testkit: 'platform',
};

/** What an engine must not know: frameworks, stores, buses, logs. */
const foreignToEngines =
  /^(@nestjs\/|@grpc\/|@opentelemetry\/|pg$|kysely$|ioredis$|kafkajs$|fastify$|pino$|prom-client$|rxjs$)/;
const network = /^node:(http|https|http2|net|tls|dgram|dns)(\/|$)/;

/** Engines whose very subject is the network, and with it how long an answer is good for: the clients of registries and of clamd. */
const networked = new Set(['@gabion/oci', '@gabion/malware']);

/** Where packages of the workspace disregard the rule, as `{ at, message }`; `tree` is as `readTree` answers it. */
export function breaches(tree) {
  const byName = new Map(tree.map((each) => [each.name, each]));
  return tree.flatMap((each) => [...breachesOfDeclaration(each, byName), ...breachesOfFiles(each, byName)]);
}

function layerOf({ folder }) {
  const [area, name] = folder.split('/');
  if (area === 'libs') return layerOfLibrary[name];
  return name === 'gabion' ? 'composition' : 'service';
}

function* breachesOfDeclaration(each, byName) {
  const at = `${each.folder}/package.json`;
  const layer = layerOf(each);
  if (!layer) yield { at, message: 'of no known layer: name it in tools/breaches.mjs' };
  for (const dependency of Object.keys(each.dependencies)) {
    const message = forbidden(each, dependency, byName);
    if (message) yield { at, message: `declares ${dependency}: ${message}` };
  }
}

/** Why code of the package must not use `dependency`; undefined when it may. */
function forbidden(each, dependency, byName) {
  const layer = layerOf(each);
  const used = byName.get(dependency);
  if (!used) return layer === 'engine' && foreignToEngines.test(dependency) ? 'engines are pure' : undefined;
  if (used.name === '@gabion/testkit') return 'only tests use the testkit';
  const usedLayer = layerOf(used);
  if (usedLayer === 'service') return layer === 'composition' ? undefined : 'only the composition uses a service';
  if (usedLayer === 'composition') return 'nothing uses the composition';
  if (layer === 'engine' && usedLayer === 'contract') return undefined;
  return layers.indexOf(usedLayer) < layers.indexOf(layer) ? `${layer} must not use ${usedLayer}` : undefined;
}

function* breachesOfFiles(each, byName) {
  for (const file of each.files)
    for (const message of breachesOfFile(each, file, byName)) yield { at: file.path, message };
}

function* breachesOfFile(each, file, byName) {
  const isTest = /\.spec\.ts$/.test(file.path) || file.path.startsWith(`${each.folder}/test/`);
  if (file.defaultExport) yield 'a default export: name it';
  if (file.isBarrel) yield 'only exports what other files hold: import those';
  const isEngine = layerOf(each) === 'engine';
  if (isEngine && !isTest && file.readsClock && !networked.has(each.name))
    yield 'reads the clock: engines are told the time';
  for (const specifier of new Set(file.imports)) {
    const message = breachOfImport(each, file, specifier, isTest, byName);
    if (message) yield `imports ${specifier}: ${message}`;
  }
}

function breachOfImport(each, { path }, specifier, isTest, byName) {
  if (specifier.startsWith('.')) {
    const target = join(dirname(path), specifier);
    if (!target.startsWith(`${each.folder}/`)) return 'leaves the package: import it by its name';
    if (!/\.(ts|json)$/.test(specifier)) return 'write the extension of the file';
    return !isTest && /\.spec\.ts$|^[^/]+\/[^/]+\/test\//.test(target) ? 'code must not use tests' : undefined;
  }
  if (isBuiltin(specifier)) {
    const isForeign = layerOf(each) === 'engine' && !isTest && network.test(specifier) && !networked.has(each.name);
    return isForeign ? 'engines have no network of their own' : undefined;
  }
  const dependency = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  // Generated code is not beside the sources: it is reached by the package's own name, several folders deep.
  if (dependency === each.name) return specifier.split('/').length > 3 ? undefined : 'its own package: import the file';
  const isDeclared =
    dependency in each.dependencies ||
    (isTest && (dependency in each.devDependencies || dependency === '@jest/globals'));
  if (!isDeclared) return `not declared in ${each.folder}/package.json`;
  return isTest ? undefined : forbidden(each, dependency, byName);
}
