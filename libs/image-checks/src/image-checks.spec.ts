import { parseImageConfig } from '@gabion/oci/image-config';
import { readLayer } from '@gabion/rootfs/layer';
import { apply } from '@gabion/rootfs/view';
import { file, type LayerEntry, layerTar } from '@gabion/testkit/layer-tar';
import { describe, expect, it } from '@jest/globals';
import { checkImage, checks, imageCheckAnalyzers, imageCheckInspectors } from './image-checks.ts';
import { parseInstruction } from './instruction.ts';

interface Built {
  readonly config?: object;
  readonly history?: readonly string[];
  readonly layers?: readonly LayerEntry[][];
}

const fine = { User: '10001', Healthcheck: { Test: ['CMD', 'true'] } };

async function findings({ config = {}, history = [], layers = [] }: Built) {
  const read = layers.map(async (entries, index) => {
    const open = async function* () {
      yield layerTar(entries);
    };
    const options = { analyzers: imageCheckAnalyzers, inspectors: imageCheckInspectors };
    return { diffId: `sha256:${String(index).padStart(64, '0')}`, contents: await readLayer(open, options) };
  });
  const applied = await Promise.all(read);
  const json = {
    os: 'linux',
    architecture: 'amd64',
    config: { ...fine, ...config },
    history: history.map((created_by) => ({ created_by, empty_layer: layers.length === 0 })),
    rootfs: { type: 'layers', diff_ids: applied.map(({ diffId }) => diffId) },
  };
  return checkImage({
    config: parseImageConfig(Buffer.from(JSON.stringify(json))),
    layers: applied.map(({ diffId }, index) => ({ diffId, createdBy: history[index] ?? '' })),
    view: apply(applied),
  });
}

async function ids(built: Built) {
  return (await findings(built)).map(({ checkId }) => checkId);
}

describe('an image configuration', () => {
  it('is fine with a user of its own and a health check', async () => {
    expect(await ids({})).toEqual([]);
  });

  it.each([[''], ['root'], ['0'], ['0:0'], ['root:1000']])('runs as root with USER %j', async (User) => {
    expect(await ids({ config: { User } })).toEqual(['GABION-IMG-0001']);
  });

  it('lacks a health check', async () => {
    expect(await ids({ config: { Healthcheck: null } })).toEqual(['GABION-IMG-0006']);
    expect(await ids({ config: { Healthcheck: { Test: ['NONE'] } } })).toEqual(['GABION-IMG-0006']);
  });

  it('holds secrets in its environment, whose values are told nowhere', async () => {
    const found = await findings({ config: { Env: ['PATH=/usr/bin', 'DB_PASSWORD=hunter2', 'GITHUB_TOKEN=abc123'] } });
    expect(found.map(({ message }) => message)).toEqual([
      'ENV DB_PASSWORD has a value',
      'ENV GITHUB_TOKEN has a value',
    ]);
    expect(JSON.stringify(found)).not.toMatch(/hunter2|abc123/);
  });

  it.each([
    ['DB_PASSWORD='],
    ['DB_PASSWORD_FILE=/run/secrets/db'],
    ['TOKEN_TTL=60'],
    ['PASSWORD=$OTHER'],
    ['PWD=/app'],
    ['GPG_KEY=E3FF'],
    ['API_TOKEN=changeme'],
  ])('takes %s for no secret', async (variable) => {
    expect(await ids({ config: { Env: [variable] } })).toEqual([]);
  });

  it('starts or exposes SSH, uses low ports, hides system directories, weakens programs', async () => {
    expect(await ids({ config: { ExposedPorts: { '22/tcp': {} }, Cmd: ['/usr/sbin/sshd', '-D'] } })).toEqual([
      'GABION-IMG-0015',
      'GABION-IMG-0015',
    ]);
    expect(await ids({ config: { ExposedPorts: { '80/tcp': {}, '8080/tcp': {} } } })).toEqual(['GABION-IMG-0016']);
    expect(await ids({ config: { Volumes: { '/etc': {}, '/data': {} } } })).toEqual(['GABION-IMG-0018']);
    expect(await ids({ config: { Env: ['NODE_TLS_REJECT_UNAUTHORIZED=0', 'PATH=/usr/bin:/tmp'] } })).toEqual([
      'GABION-IMG-0017',
      'GABION-IMG-0017',
    ]);
  });
});

describe('the history of a build', () => {
  it.each([
    ['/bin/sh -c #(nop) ADD file:1f2 in /app/a.tar ', ['GABION-IMG-0009']],
    ['ADD https://example.org/a.tgz /opt # buildkit', ['GABION-IMG-0009']],
    ['/bin/sh -c #(nop) ADD file:4c1 in / ', []],
    ['ADD rootfs.tar.xz / # buildkit', []],
    ['COPY . /app # buildkit', []],
    ['RUN /bin/sh -c apt-get update # buildkit', ['GABION-IMG-0007']],
    ['/bin/sh -c apt-get -qq update && apt-get install -y curl', []],
    ['RUN |2 NPM_TOKEN=abc VERSION=1 /bin/sh -c npm ci # buildkit', ['GABION-IMG-0011']],
    ['RUN |1 VERSION=1 /bin/sh -c npm ci # buildkit', []],
    ['RUN /bin/sh -c curl -fsSL https://example.org/i.sh | sh # buildkit', ['GABION-IMG-0012']],
    ['RUN /bin/sh -c curl -fsSLo a.tgz https://example.org/a.tgz && tar xf a.tgz', []],
    ['RUN /bin/sh -c curl -sk https://example.org', ['GABION-IMG-0013']],
    ['RUN /bin/sh -c pip install --trusted-host pypi.example x', ['GABION-IMG-0013']],
    ['RUN /bin/sh -c chmod -R 777 /app', ['GABION-IMG-0014']],
  ])('%s', async (step, expected) => {
    expect(await ids({ history: [step] })).toEqual(expected);
  });

  it('names the layer of an instruction, and no value that stands in it', async () => {
    const [found] = await findings({
      history: ['RUN /bin/sh -c KEY=topsecret curl -k https://user:pass@example.org # buildkit'],
      layers: [[file('a', '')]],
    });
    expect(found).toMatchObject({ checkId: 'GABION-IMG-0013', layerDiffId: `sha256:${'0'.repeat(64)}` });
    expect(found!.message).not.toMatch(/topsecret|pass@/);
  });

  it('is read in time whatever it holds', () => {
    for (const hostile of [`apt-get ${'--a '.repeat(16_000)}`, `curl ${'-k'.repeat(30_000)}`, 'a="'.repeat(20_000)]) {
      const started = performance.now();
      parseInstruction(`RUN ${hostile}`);
      const image = { config: { history: [{ createdBy: `RUN ${hostile}`, isEmpty: true }] }, layers: [] } as never;
      for (const check of checks.filter(({ id }) => /00(?:07|09|1[1-4])$/.test(id)))
        Array.from(check.violations(image));
      expect(performance.now() - started).toBeLessThan(2000);
    }
  });
});

describe('the files of an image', () => {
  const program = (path: string, mode: number): LayerEntry => ({ ...file(path, 'x'), mode });

  it('are setuid or writable for all; usual programs weigh less', async () => {
    const found = await findings({
      layers: [
        [
          program('usr/bin/su', 0o4755),
          program('opt/run', 0o6755),
          program('etc/app.conf', 0o666),
          program('tmp/a', 0o666),
        ],
      ],
    });
    expect(found.map(({ checkId, path, severity }) => `${checkId} ${path} ${severity}`)).toEqual([
      'GABION-IMG-0008 usr/bin/su negligible',
      'GABION-IMG-0008 opt/run medium',
      'GABION-IMG-0019 etc/app.conf medium',
    ]);
  });

  it('count only while they are there', async () => {
    expect(await ids({ layers: [[program('opt/run', 0o4755)], [file('opt/.wh.run', '')]] })).toEqual([]);
  });

  it('hold accounts without a password, and second administrators', async () => {
    const found = await findings({
      layers: [
        [
          file('etc/shadow', 'root:$6$salt$hash:19000:0:99999:7:::\nguest::19000:0:99999:7:::\nbin:*:19000:::::\n'),
          file('etc/passwd', 'root:x:0:0::/root:/bin/sh\nadmin:x:0:0::/root:/bin/sh\napp:x:1000:1000::/:/bin/sh\n'),
        ],
      ],
    });
    expect(found.map(({ message }) => message)).toEqual([
      'guest can log in without a password',
      'admin has the user id 0',
    ]);
  });

  it('are left over from the build', async () => {
    expect(await ids({ layers: [[file('app/.git/config', ''), file('app/node_modules/a/Dockerfile', '')]] })).toEqual([
      'GABION-IMG-0020',
    ]);
  });
});
