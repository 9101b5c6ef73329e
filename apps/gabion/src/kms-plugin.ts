import { ClusterKeyService } from '@gabion/contracts/gabion/kms/v1/clusters_pb';
import { startPlugin } from '@gabion/kms-plugin/plugin';
import { hostAndPort } from '@gabion/service/address';
import { createLog } from '@gabion/telemetry/log';
import { Complaint, exitCodes } from './complaint.ts';
import { needPlatform } from './reach.ts';
import { untilToldToStop } from './stopping.ts';

interface Options {
  readonly cluster: string;
  readonly node?: string;
  readonly socket: string;
  readonly monitoring?: string;
  readonly logLevel: string;
  readonly data?: string;
}

/** Runs the plugin until it is told to stop. */
export async function runKmsPlugin({ data, monitoring, logLevel, ...options }: Options): Promise<void> {
  if (!options.socket.startsWith('/') || Buffer.byteLength(options.socket) > 107)
    throw new Complaint('--socket is an absolute path of at most 107 bytes', {
      code: 'usage',
      exitCode: exitCodes.usage,
    });
  const stopping = untilToldToStop();
  const reach = async () => {
    const platform = await needPlatform(data, process.env);
    return {
      keys: platform.client(ClusterKeyService),
      as: platform.as,
      [Symbol.asyncDispose]: () => platform[Symbol.asyncDispose](),
    };
  };
  const log = createLog({ service: 'kms-plugin', level: logLevel });
  await using plugin = await startPlugin({ ...options, reach, log });
  await using _monitoring = monitoring ? await monitor(monitoring, async () => plugin.unready()) : undefined;
  await stopping;
}

async function monitor(address: string, unready: () => Promise<string | undefined>) {
  const { serveMonitoring } = await import('@gabion/telemetry/monitoring');
  return serveMonitoring({ ...hostAndPort(address), unready });
}
