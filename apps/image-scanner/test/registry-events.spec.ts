import { RegistryService } from '@gabion/contracts/gabion/scan/v1/registries_pb';
import { type Client, type Connection, connect } from '@gabion/rpc/client';
import { postgresForTests } from '@gabion/testkit/postgres';
import { credentials } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { caller, type Replica, Site } from './site.ts';

const postgres = await postgresForTests();
afterAll(async () => postgres[Symbol.asyncDispose]());

const digest = `sha256:${'8a9e'.repeat(16)}`;
const manifest = 'application/vnd.docker.distribution.manifest.v2+json';

let site: Site;
let replica: Replica;
let connection: Connection;
let registries: Client<typeof RegistryService>;
beforeEach(async () => {
  site = await Site.open();
  replica = await site.replica({ workers: 0 });
  connection = connect({ address: replica.address, as: 'gateway', credentials: credentials.createInsecure() });
  registries = connection.client(RegistryService);
});
afterEach(async () => {
  connection[Symbol.dispose]();
  await site[Symbol.asyncDispose]();
});

/** Tells of an event twice, as registries do; answers what was scanned for it. */
async function told(host: string, event: object): Promise<{ targets: string[]; ignored: number }> {
  await registries.putRegistry({ registry: { name: 'main', host } }, { caller });
  const first = await registries.receiveRegistryEvent({ registry: 'main', event: event as never }, { caller });
  const again = await registries.receiveRegistryEvent({ registry: 'main', event: event as never }, { caller });
  expect(again).toEqual(first);
  const scans = await Promise.all(first.scanIds.map((id) => replica.scans.getScan({ id }, { caller })));
  return { targets: scans.map(({ target }) => target), ignored: first.ignored };
}

// Forms after the documentation of each registry, with names of our own.
const harborRepository = {
  name: 'debian',
  namespace: 'library',
  repo_full_name: 'library/debian',
  repo_type: 'public',
};
const harborResource = { digest, tag: 'latest', resource_url: 'harbor.example/library/debian:latest' };
const harbor = {
  type: 'PUSH_ARTIFACT',
  occur_at: 1586922308,
  operator: 'admin',
  event_data: { resources: [harborResource], repository: { date_created: 1586922308, ...harborRepository } },
};
const harborCloudEvent = {
  specversion: '1.0',
  id: '66aed58d-5ad1-4dcc-b5fc-9a2a6c1fd6ba',
  source: '/projects/1/webhook/policies/15',
  type: 'harbor.artifact.pushed',
  datacontenttype: 'application/json',
  time: '2023-04-03T06:31:48Z',
  data: { resources: [harborResource], repository: harborRepository },
  operator: 'admin',
};
const dockerHub = {
  callback_url: 'https://registry.hub.docker.com/u/team/app/hook/1/',
  push_data: { pushed_at: 1417566161, pusher: 'builder', tag: 'latest' },
  repository: { name: 'app', namespace: 'team', repo_name: 'team/app', repo_url: 'https://hub.docker.com/r/team/app' },
};
const azure = {
  id: 'cb8c3971-9adc-488b-bdd8-43cbb4974ff5',
  timestamp: '2017-11-17T16:52:01.343145347Z',
  action: 'push',
  target: { mediaType: manifest, size: 524, digest, length: 524, repository: 'hello-world', tag: 'v1' },
  request: {
    id: '3cbb6949-7549-4fa1-86cd-a6d5451dffc7',
    host: 'team.azurecr.io',
    method: 'PUT',
    useragent: 'docker/17.09.0-ce',
  },
};

describe('a push that is told twice is scanned once', () => {
  it.each([
    ['Harbor', 'harbor.example', harbor, 'harbor.example/library/debian:latest'],
    ['Harbor as a CloudEvent', 'harbor.example', harborCloudEvent, 'harbor.example/library/debian:latest'],
    ['Docker Hub', 'docker.io', dockerHub, 'docker.io/team/app:latest'],
    ['Azure', 'team.azurecr.io', azure, 'team.azurecr.io/hello-world:v1'],
  ])('of %s', async (_name, host, event, target) => {
    expect(await told(host, event)).toEqual({ targets: [target], ignored: 0 });
    expect(await site.count('scans')).toBe(1);
  });
});

describe('nothing is scanned', () => {
  it.each([
    ['a pull of Harbor', 'harbor.example', { ...harbor, type: 'PULL_ARTIFACT' }],
    ['an artifact that Harbor has deleted', 'harbor.example', { ...harborCloudEvent, type: 'harbor.artifact.deleted' }],
    ['a push to another Harbor', 'other.example', harbor],
    ['a push to Docker Hub that is told of another registry', 'harbor.example', dockerHub],
    ['a chart of Azure', 'team.azurecr.io', { ...azure, action: 'chart_push' }],
    ['a deletion of Azure', 'team.azurecr.io', { ...azure, action: 'delete' }],
    ['a push to another registry of Azure', 'other.azurecr.io', azure],
    [
      'a repository that leads elsewhere',
      'team.azurecr.io',
      { ...azure, target: { ...azure.target, repository: '../evil.example/app' } },
    ],
    ['an empty object', 'harbor.example', {}],
  ])('for %s', async (_name, host, event) => {
    expect(await told(host, event)).toEqual({ targets: [], ignored: 1 });
    expect(await site.count('scans')).toBe(0);
  });
});
