import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { asText, JsonObject, parseJson } from './bounded-json.ts';
import type { CredentialSource, Credentials } from './credentials.ts';
import { OciError } from './oci-error.ts';

/** How a credential helper is run. */
export interface HelperOptions {
  readonly timeoutMs?: number;
  /** Its environment; by default that of this process, for helpers read cloud settings from it. */
  readonly env?: NodeJS.ProcessEnv;
}

const hubKey = 'https://index.docker.io/v1/';

/** Credentials from a Docker `config.json`, by helper or from the file; no file means no credentials. */
export function dockerConfigCredentials(path: string, options: HelperOptions = {}): CredentialSource {
  return async (registry, signal) => {
    const config = await readConfig(path);
    if (!config) return undefined;
    const key = registry === 'docker.io' ? hubKey : registry;
    const helpers = new Map(config.entries('credHelpers'));
    const helper = helpers.get(registry) ?? helpers.get(key) ?? config.optionalText('credsStore');
    const helped =
      helper === undefined ? undefined : await askHelper(asText(helper, 'credHelpers'), key, options, signal);
    return helped ?? fromAuths(config, registry);
  };
}

async function readConfig(path: string): Promise<JsonObject | undefined> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw new OciError('credentials_invalid', `the Docker configuration cannot be read: ${error.code}`, {
      cause: error,
    });
  });
  if (!bytes) return undefined;
  return reading(() => new JsonObject(parseJson(bytes, 'the Docker configuration'), 'config'));
}

function fromAuths(config: JsonObject, registry: string): Credentials | undefined {
  return reading(() => {
    for (const [key, value] of config.entries('auths')) {
      if (hostOf(key) !== registry) continue;
      const auth = new JsonObject(value, 'auths');
      const registryToken = auth.optionalText('registrytoken');
      if (registryToken) return { registryToken };
      const identityToken = auth.optionalText('identitytoken');
      if (identityToken) return { identityToken };
      const found =
        decoded(auth.optionalText('auth')) ?? named(auth.optionalText('username'), auth.optionalText('password'));
      if (found) return found;
    }
    return undefined;
  });
}

/** The registry that a key of `auths` means: with or without scheme and path. */
function hostOf(key: string): string {
  const host = key.replace(/^https?:\/\//, '').split('/')[0]!;
  return host === 'index.docker.io' || host === 'registry-1.docker.io' ? 'docker.io' : host;
}

function decoded(auth: string | undefined): Credentials | undefined {
  if (!auth) return undefined;
  const text = Buffer.from(auth, 'base64').toString().replace(/\0+$/, '');
  const colon = text.indexOf(':');
  if (colon < 1) throw new OciError('credentials_invalid', 'an entry of auths is not base64 of name:password');
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function named(username: string | undefined, password: string | undefined): Credentials | undefined {
  return username && password !== undefined ? { username, password } : undefined;
}

/** Runs `docker-credential-<helper> get` without a shell, bounded in time and output. */
async function askHelper(
  helper: string,
  key: string,
  options: HelperOptions,
  signal?: AbortSignal,
): Promise<Credentials | undefined> {
  // The name becomes part of a program's name: a path in it would run any program.
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(helper)) {
    throw new OciError('credentials_invalid', 'the name of a credential helper is malformed');
  }
  const { code, output } = await run(`docker-credential-${helper}`, key, options, signal);
  if (code !== 0) {
    // The wording is part of the helpers' protocol (docker-credential-helpers, credentials/error.go).
    if (output.toString().trim() === 'credentials not found in native keychain') return undefined;
    throw new OciError('credentials_invalid', `the credential helper ${helper} failed`);
  }
  return reading(() => {
    const json = new JsonObject(parseJson(output, 'its answer'), 'helper');
    const username = json.text('Username');
    const secret = json.text('Secret');
    if (username === '' && secret === '') return undefined;
    return username === '<token>' ? { identityToken: secret } : { username, password: secret };
  });
}

function run(
  program: string,
  input: string,
  options: HelperOptions,
  signal?: AbortSignal,
): Promise<{ code: number | null; output: Buffer }> {
  return new Promise((resolve, reject) => {
    const failed = (what: string, cause?: unknown) => {
      child.kill('SIGKILL');
      reject(signal?.aborted ? signal.reason : new OciError('credentials_invalid', `${program} ${what}`, { cause }));
    };
    const child = spawn(program, ['get'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      ...(options.env ? { env: options.env } : {}),
    });
    const timer = setTimeout(() => failed('gave no answer in time'), options.timeoutMs ?? 10_000);
    const onAbort = () => failed('was abandoned');
    signal?.addEventListener('abort', onAbort, { once: true });
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > 1024 * 1024) failed('answered over 1 MiB');
    });
    child.on('error', (error) => failed('cannot be run', error));
    child.on('close', (code) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve({ code, output: Buffer.concat(chunks) });
    });
    // A helper that ends without reading breaks the pipe; its exit code says what happened.
    child.stdin.on('error', () => {}).end(`${input}\n`);
  });
}

/** Names malformed credentials as such, without their content. */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof OciError && error.code === 'credentials_invalid') throw error;
    throw new OciError('credentials_invalid', 'the Docker configuration or a helper’s answer is malformed', {
      cause: error,
    });
  }
}
