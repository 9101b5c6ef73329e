import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '@gabion/testkit/server-process';
import { makeCertificates } from './certificates.ts';
import { stop } from './processes.ts';

/** An answer of the API server; status 0 when there was none. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A value as etcd has it. */
export interface Stored {
  readonly key: string;
  readonly value: Buffer;
}

const group = 'conformance.example.com';
const requestMs = 10_000;
const readyMs = 90_000;

/**
 * An API server of Kubernetes with an etcd of its own: kube-apiserver, whose Secrets are then encrypted, or that of
 * apiextensions (./apiserver), where a custom resource is in their place.
 */
export class ApiServer implements AsyncDisposable {
  readonly #directory: string;
  readonly #program: string;
  readonly #isWhole: boolean;
  #etcd: ChildProcess | undefined;
  #server: ChildProcess | undefined;
  #agent: Agent | undefined;
  #ports = { etcd: 0, peer: 0, server: 0 };

  constructor(program: string, directory: string) {
    this.#program = program;
    this.#directory = directory;
    const help = execFileSync(program, ['--help'], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });
    this.#isWhole = help.includes('--service-account-issuer');
  }

  /** What is encrypted: "secrets", or "widgets.conformance.example.com". */
  get resource(): string {
    return this.#isWhole ? 'secrets' : `widgets.${group}`;
  }

  get etcdUrl(): string {
    return `http://127.0.0.1:${this.#ports.etcd}`;
  }

  /** Starts etcd, and the API server without encryption. */
  async start(): Promise<void> {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const [etcd, peer, server] = [await freePort(), await freePort(), await freePort()];
    this.#ports = { etcd, peer, server };
    makeCertificates(this.#directory);
    const [client, peers] = [this.etcdUrl, `http://127.0.0.1:${peer}`];
    this.#etcd = this.#spawn('etcd', [
      ...['--data-dir', join(this.#directory, 'etcd'), '--unsafe-no-fsync'],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers, '--initial-cluster', `default=${peers}`],
    ]);
    this.#agent = new Agent({
      keepAlive: true,
      ca: this.#file('ca.crt'),
      cert: this.#file('client.crt'),
      key: this.#file('client.key'),
    });
    await this.restart();
    if (!this.#isWhole) await this.#defineResource();
  }

  /** Starts the API server again, with the EncryptionConfiguration that is told. */
  async restart(configuration?: string): Promise<void> {
    await stop(this.#server);
    const path = join(this.#directory, 'encryption.yaml');
    if (configuration !== undefined) writeFileSync(path, configuration, { mode: 0o600 });
    const encrypting = configuration === undefined ? [] : ['--encryption-provider-config', path];
    this.#server = this.#spawn(this.#program, [...this.#flags(), ...encrypting]);
    // That of apiextensions alone is never ready: it waits for what only a kube-apiserver has.
    const ready = this.#isWhole ? '/readyz' : '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    await this.#until('the API server', async () => (await this.ask('GET', ready)).status === 200);
    if (configuration !== undefined) await this.#serves();
  }

  ask(method: string, path: string, body?: object): Promise<Answer> {
    const text = body && JSON.stringify(body);
    const headers = { accept: 'application/json', ...(text && { 'content-type': 'application/json' }) };
    return new Promise((resolve) => {
      const failed = (error: Error) => resolve({ status: 0, body: { message: error.message } });
      const url = `https://127.0.0.1:${this.#ports.server}${path}`;
      const asked = request(url, { method, headers, ...(this.#agent && { agent: this.#agent }), timeout: requestMs });
      asked.on('response', (answer) => {
        const status = answer.statusCode ?? 0;
        json(answer).then(
          (content) => resolve({ status, body: content as Answer['body'] }),
          () => resolve({ status, body: {} }),
        );
      });
      asked.on('timeout', () => asked.destroy(new Error('timeout')));
      asked.on('error', failed);
      asked.end(text);
    });
  }

  create(name: string, text: string): Promise<Answer> {
    return this.ask('POST', this.#path(), this.#object(name, text));
  }

  async replace(name: string, text: string, resourceVersion: unknown): Promise<Answer> {
    const object = this.#object(name, text);
    return this.ask('PUT', this.#path(name), { ...object, metadata: { ...object.metadata, resourceVersion } });
  }

  read(name: string): Promise<Answer> {
    return this.ask('GET', this.#path(name));
  }

  /** The text of an object as `create` was told it. */
  textIn({ body }: Answer): string {
    const holder = (this.#isWhole ? body.data : body.spec) as Record<string, string> | undefined;
    const text = holder?.text ?? '';
    return this.#isWhole ? Buffer.from(text, 'base64').toString() : text;
  }

  /** All values of the resource, as etcd has them. */
  async stored(): Promise<Stored[]> {
    const prefix = this.#isWhole ? '/registry/secrets/' : `/registry/${group}/widgets/`;
    const args = ['--endpoints', this.etcdUrl, 'get', '--prefix', prefix, '-w', 'json'];
    const env = { ...process.env, ETCDCTL_API: '3' };
    const answer = execFileSync('etcdctl', args, { env, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 });
    const kvs = (JSON.parse(answer).kvs ?? []) as { key: string; value: string }[];
    return kvs.map(({ key, value }) => ({
      key: Buffer.from(key, 'base64').toString(),
      value: Buffer.from(value, 'base64'),
    }));
  }

  /** A kubeconfig with everything in it. */
  kubeconfig(): string {
    const data = (name: string) => this.#file(name).toString('base64');
    const cluster = { server: `https://127.0.0.1:${this.#ports.server}`, 'certificate-authority-data': data('ca.crt') };
    const user = { 'client-certificate-data': data('client.crt'), 'client-key-data': data('client.key') };
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#agent?.destroy();
    await stop(this.#server);
    await stop(this.#etcd);
  }

  #object(name: string, text: string) {
    const metadata = { name, namespace: 'default' };
    if (this.#isWhole)
      return { apiVersion: 'v1', kind: 'Secret', metadata, data: { text: Buffer.from(text).toString('base64') } };
    return { apiVersion: `${group}/v1`, kind: 'Widget', metadata, spec: { text } };
  }

  #path(name = ''): string {
    const at = this.#isWhole ? '/api/v1/namespaces/default/secrets' : `/apis/${group}/v1/namespaces/default/widgets`;
    return name ? `${at}/${name}` : at;
  }

  #flags(): string[] {
    const at = (name: string) => join(this.#directory, name);
    const kubeconfig = at('kubeconfig');
    writeFileSync(kubeconfig, this.kubeconfig(), { mode: 0o600 });
    const common = [
      ...[
        '--etcd-servers',
        this.etcdUrl,
        '--etcd-prefix',
        '/registry',
        '--bind-address',
        '127.0.0.1',
        '--secure-port',
        `${this.#ports.server}`,
      ],
      ...['--tls-cert-file', at('server.crt'), '--tls-private-key-file', at('server.key')],
      ...['--client-ca-file', at('ca.crt'), '--disable-admission-plugins', 'NamespaceLifecycle'],
    ];
    if (this.#isWhole)
      return [
        ...common,
        ...['--authorization-mode', 'RBAC', '--service-cluster-ip-range', '10.0.0.0/24'],
        ...['--service-account-issuer', 'https://conformance', '--service-account-key-file', at('server.crt')],
        ...['--service-account-signing-key-file', at('server.key')],
      ];
    return [
      ...common,
      ...[
        '--kubeconfig',
        kubeconfig,
        '--authentication-kubeconfig',
        kubeconfig,
        '--authorization-kubeconfig',
        kubeconfig,
      ],
      ...['--authentication-skip-lookup', '--enable-priority-and-fairness=false'],
      ...['--disable-admission-plugins', notWithoutTheWhole.join(',')],
    ];
  }

  async #defineResource(): Promise<void> {
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    await this.ask('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `widgets.${group}` },
      spec: {
        group,
        scope: 'Namespaced',
        names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    });
    await this.#serves();
  }

  #serves(): Promise<void> {
    return this.#until('the resource', async () => (await this.ask('GET', this.#path())).status === 200);
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    const log = createWriteStream(join(this.#directory, `${program.split('/').at(-1)}.log`), { flags: 'a' });
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    return child;
  }

  #file(name: string): Buffer {
    return readFileSync(join(this.#directory, name));
  }

  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const until = Date.now() + readyMs;
    while (!(await isSo())) {
      if (this.#server?.exitCode != null || Date.now() > until)
        throw new Error(`${what} is not ready; see ${this.#directory}/*.log`);
      await pause(200);
    }
  }
}

/** They ask a kube-apiserver, which is not there. */
const notWithoutTheWhole = [
  'NamespaceLifecycle',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionWebhook',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionWebhook',
];
