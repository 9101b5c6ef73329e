import { hostname } from 'node:os';
import type { Logger } from '@gabion/telemetry/log';
import { ClusterKeys } from './cluster-keys.ts';
import { KeyFollower } from './key-follower.ts';
import type { KeyServiceParts } from './key-service.ts';
import { Provider } from './provider.ts';
import { UseLog } from './use-log.ts';
import { type PluginUse, UseReporter } from './use-reporter.ts';

export interface PluginOptions {
  readonly cluster: string;
  /** The machine's name unless told. */
  readonly node?: string;
  /** Absolute path of the unix socket. */
  readonly socket: string;
  readonly reach: KeyServiceParts['reach'];
  readonly log: Logger;
  /** Takes lines for the log; standard error unless told. */
  readonly writeLog?: (text: string) => void;
}

export interface Plugin extends AsyncDisposable {
  /** What keeps the plugin from serving; undefined when it can. */
  unready(): string | undefined;
}

/** Starts the KMS v2 provider of a cluster on one control-plane node; it serves as soon as the key service is heard. */
export async function startPlugin({ cluster, socket, reach, log, ...options }: PluginOptions): Promise<Plugin> {
  await using stack = new AsyncDisposableStack();
  const { writeLog = (text: string) => void process.stderr.write(text) } = options;
  const parts = { cluster, node: options.node ?? hostname(), reach };
  const keys = stack.adopt(new ClusterKeys(), (each) => each.forget());
  const usesWritten = log.isLevelEnabled('info') ? new UseLog(writeLog) : undefined;
  const follower = stack.use(new KeyFollower(parts, keys, log));
  // Before the connection that it uses it is disposed of.
  const reporter = stack.use(new UseReporter(parts, () => follower.service, log));
  const used = (use: PluginUse) => {
    reporter.add(use);
    usesWritten?.add(use);
  };
  const provider = stack.use(new Provider({ keys, log, used }));
  follower.begin();
  reporter.begin();
  await provider.listen(socket);
  log.info({ cluster, node: parts.node, socket }, 'the plugin listens');
  const running = stack.move();
  return {
    unready: () => keys.problem,
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
