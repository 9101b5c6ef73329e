import { type Check, cis, type Violation } from './check.ts';
import { isSecretName } from './secret-name.ts';

/** Checks of the configuration that a container of the image starts with. */
export const runChecks: readonly Check[] = [
  {
    id: 'GABION-IMG-0001',
    title: 'runs as root',
    severity: 'medium',
    remediation: 'Add a user in the build and name it: USER 10001:10001.',
    benchmarks: [cis('4.1')],
    *violations({ config: { user } }) {
      const name = user.split(':', 1)[0]!.trim();
      if (name === '') yield { message: 'no user is named, so a container runs as root' };
      else if (name === 'root' || /^0+$/.test(name)) yield { message: `the user is ${name}` };
    },
  },
  {
    id: 'GABION-IMG-0006',
    title: 'no health check',
    severity: 'low',
    remediation: 'Add a HEALTHCHECK; on Kubernetes, where it is not used, liveness and readiness probes.',
    benchmarks: [cis('4.6')],
    *violations({ config: { healthcheck } }) {
      if (healthcheck.length === 0) yield { message: 'the image names no health check' };
      else if (healthcheck[0] === 'NONE') yield { message: 'the health check of the base image is switched off' };
    },
  },
  {
    id: 'GABION-IMG-0010',
    title: 'secret in the environment',
    severity: 'high',
    remediation:
      'Give the secret when the container starts, as a file or from a secret store. Replace it: it is known.',
    benchmarks: [cis('4.10')],
    *violations({ config: { env } }) {
      for (const [name, value] of env.map(variable))
        if (isSecretName(name) && isLiteral(value)) yield { message: `ENV ${name} has a value` };
    },
  },
  {
    id: 'GABION-IMG-0015',
    title: 'SSH server',
    severity: 'medium',
    remediation: 'Leave the SSH server out; `kubectl exec` and `docker exec` need none.',
    benchmarks: [cis('5.7')],
    *violations({ config: { exposedPorts, entrypoint, command } }) {
      if (exposedPorts.some((port) => /^22(?:\/tcp)?$/.test(port))) yield { message: 'port 22 is exposed' };
      const starts = [...entrypoint, ...command].slice(0, 50).join(' ').slice(0, 4096);
      if (/(?:^|[\s/])(?:sshd|dropbear)(?:\s|$)/.test(starts)) yield { message: 'an SSH server is started' };
    },
  },
  {
    id: 'GABION-IMG-0016',
    title: 'privileged port',
    severity: 'negligible',
    remediation: 'Listen above 1023, so that no capability is needed; a Service maps the port.',
    benchmarks: [cis('5.8')],
    *violations({ config: { exposedPorts } }) {
      for (const port of exposedPorts) {
        const number = Number.parseInt(port, 10);
        if (number > 0 && number < 1024 && number !== 22) yield { message: `port ${port.slice(0, 32)} is exposed` };
      }
    },
  },
  {
    id: 'GABION-IMG-0017',
    title: 'environment that weakens programs',
    severity: 'medium',
    remediation: 'Leave the variable out.',
    benchmarks: [],
    *violations({ config: { env } }) {
      for (const [name, value] of env.map(variable)) yield* weakened(name, value);
    },
  },
  {
    id: 'GABION-IMG-0018',
    title: 'volume over a directory of the system',
    severity: 'medium',
    remediation: 'Put data into a directory of its own.',
    benchmarks: [cis('5.6')],
    *violations({ config: { volumes } }) {
      for (const volume of volumes)
        if (
          /^\/+(?:$|(?:bin|boot|dev|etc|lib|lib64|proc|root|sbin|sys|usr|var\/run\/docker\.sock)(?:\/|$))/.test(volume)
        )
          yield { message: `${volume.slice(0, 256)} is a volume` };
    },
  },
];

function variable(assignment: string): readonly [string, string] {
  const equals = assignment.indexOf('=');
  return equals < 0 ? [assignment, ''] : [assignment.slice(0, equals), assignment.slice(equals + 1)];
}

/** Neither empty, nor another variable, nor a switch, nor what stands for "put yours here". */
function isLiteral(value: string): boolean {
  const text = value.trim();
  if (text === '' || text.startsWith('$') || text.startsWith('/')) return false;
  return !/^(?:true|false|yes|no|none|null|\d{1,3}|x+|\*+|<.*>|changeme|your[-_ ].*|placeholder)$/i.test(
    text.slice(0, 200),
  );
}

function* weakened(name: string, value: string): Generator<Violation> {
  const isOff = /^(?:0|false|no|off)$/i.test(value);
  if (/^(?:NODE_TLS_REJECT_UNAUTHORIZED|PYTHONHTTPSVERIFY|GIT_SSL_VERIFY|SSL_VERIFY)$/.test(name) && isOff)
    yield { message: `${name} switches the verification of certificates off` };
  if (name === 'GIT_SSL_NO_VERIFY' && !isOff && value !== '')
    yield { message: `${name} switches the verification of certificates off` };
  if ((name === 'LD_PRELOAD' || name === 'LD_AUDIT') && value !== '')
    yield { message: `${name} loads a library into every program`, severity: 'low' };
  const isUnsafe = (directory: string) =>
    directory === '' || directory === '.' || /^\/(?:tmp|var\/tmp|dev\/shm)(?:\/|$)/.test(directory);
  if (name === 'PATH' && value !== '' && value.split(':').some(isUnsafe))
    yield { message: 'PATH holds a directory that anybody can write to, or the current one' };
}
