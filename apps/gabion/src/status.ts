import { print } from './asking.ts';
import { exitCodes } from './complaint.ts';
import { dataDirOf } from './data-dir.ts';
import { type Holder, holderOf } from './holder.ts';

/** What the gateway's /readyz says, part by part, where it does. */
interface Health {
  readonly ready: boolean;
  readonly detail: string;
}

/** Says what runs on the data directory; exit code 1 when nothing does or it is not ready. */
export async function status(options: { data?: string; json?: true }): Promise<void> {
  const dataDir = dataDirOf(options.data, process.env);
  const holder = await holderOf(dataDir);
  const health = holder?.url ? await healthAt(holder.url) : undefined;
  if (!health?.ready) process.exitCode = exitCodes.no;
  if (options.json) {
    const answer = { running: holder !== undefined, dataDir: dataDir.root, ...holder, ...(health && { health }) };
    print(answer);
    return;
  }
  if (!holder) {
    process.stdout.write(`Nothing runs on ${dataDir.root}\n`);
    return;
  }
  process.stdout.write(`${lines(dataDir.root, holder, health).join('\n')}\n`);
}

function lines(root: string, holder: Holder, health: Health | undefined): string[] {
  const state = health ? (health.ready ? 'ready' : `not ready: ${health.detail}`) : stateWithoutUrl(holder);
  return [
    `Gabion ${holder.version} is ${state}`,
    `  process   ${holder.pid}, since ${holder.since}`,
    `  data      ${root}`,
    ...(holder.url ? [`  HTTP      ${holder.url}`] : []),
    ...(holder.grpc ? [`  gRPC      ${holder.grpc}`] : []),
    ...(holder.services ? [`  services  ${holder.services.join(', ')}`] : []),
    ...(holder.postgres ? [`  database  PostgreSQL ${holder.postgres.version} (${holder.postgres.origin})`] : []),
    ...(holder.bus ? [`  bus       ${holder.bus === 'kafka' ? 'Kafka' : 'embedded'}`] : []),
  ];
}

function stateWithoutUrl({ does }: Holder): string {
  return does === 'scan' ? 'scanning by itself' : 'starting';
}

async function healthAt(url: string): Promise<Health> {
  try {
    const response = await fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(3000) });
    return { ready: response.ok, detail: (await response.text()).trim() };
  } catch (error) {
    const { message, cause } = error as Error;
    return { ready: false, detail: cause instanceof Error ? cause.message : message };
  }
}
