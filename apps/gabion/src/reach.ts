import { readFile } from 'node:fs/promises';
import type { DescService } from '@bufbuild/protobuf';
import { type CallOptions, type Client, connect } from '@gabion/rpc/client';
import { credentials } from '@grpc/grpc-js';
import { Complaint } from './complaint.ts';
import { type DataDir, dataDirOf } from './data-dir.ts';
import { holderOf } from './holder.ts';

/** A platform that answers, and how to speak to it. */
export interface Reach extends AsyncDisposable {
  client<S extends DescService>(service: S): Client<S>;
  /** What goes with each call: a token, or the caller on the own machine. */
  readonly as: Pick<CallOptions, 'token' | 'caller'>;
}

/** The platform that the environment or the data directory names; undefined when neither does. */
export async function findPlatform(data: string | undefined, env: NodeJS.ProcessEnv): Promise<Reach | undefined> {
  const dataDir = dataDirOf(data, env);
  const elsewhere = data === undefined ? addressFromEnv(env) : undefined;
  if (elsewhere) return reachAt(elsewhere, await tokenFrom(env));
  const holder = await holderOf(dataDir);
  if (!holder?.grpc) return undefined;
  return reachAt({ address: holder.grpc, isSecure: false }, (await tokenFrom(env)) ?? (await adminToken(dataDir)));
}

/** The platform; a Complaint when none is found. */
export async function needPlatform(data: string | undefined, env: NodeJS.ProcessEnv): Promise<Reach> {
  const found = await findPlatform(data, env);
  if (found) return found;
  throw new Complaint(`no platform runs on ${dataDirOf(data, env).root}`, {
    code: 'not_running',
    hint: 'Start it with `gabion up`, or name one elsewhere with GABION_GRPC and GABION_TOKEN.',
  });
}

interface Address {
  readonly address: string;
  readonly isSecure: boolean;
}

/** The gateway's gRPC port unless GABION_GRPC tells another. */
const grpcPort = 8081;

function addressFromEnv({ GABION_GRPC, GABION_URL }: NodeJS.ProcessEnv): Address | undefined {
  if (GABION_GRPC)
    return { address: GABION_GRPC.replace(/^[a-z]+:\/\//, ''), isSecure: /^(https|grpcs):/.test(GABION_GRPC) };
  if (!GABION_URL) return undefined;
  if (!URL.canParse(GABION_URL))
    throw new Complaint(`GABION_URL is not a URL: ${GABION_URL}`, {
      code: 'usage',
      hint: 'For example http://127.0.0.1:8080',
    });
  const { hostname, protocol } = new URL(GABION_URL);
  return { address: `${hostname}:${grpcPort}`, isSecure: protocol === 'https:' };
}

function reachAt({ address, isSecure }: Address, token: string | undefined): Reach {
  const connection = connect({
    address,
    as: 'gabion',
    credentials: isSecure ? credentials.createSsl() : credentials.createInsecure(),
  });
  return {
    client: (service) => connection.client(service),
    as: token ? { token } : {},
    async [Symbol.asyncDispose]() {
      connection[Symbol.dispose]();
    },
  };
}

async function tokenFrom({ GABION_TOKEN, GABION_TOKEN_FILE }: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (GABION_TOKEN) return GABION_TOKEN;
  return GABION_TOKEN_FILE ? (await readFile(GABION_TOKEN_FILE, 'utf8')).trim() : undefined;
}

async function adminToken({ adminTokenFile }: DataDir): Promise<string | undefined> {
  const text = await readFile(adminTokenFile, 'utf8').catch(() => undefined);
  return text?.trim();
}
