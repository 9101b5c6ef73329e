import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestKafka } from './kafka.ts';
import { answersKafka } from './kafka-client.ts';
import { freePort, type ServerProcess, startServerProcess } from './server-process.ts';

const run = promisify(execFile);

/** A single KRaft node (broker and controller in one) run from `jars`, with its data in a temporary directory. */
export async function kafkaProcess(jars: string): Promise<TestKafka> {
  const directory = await mkdtemp(join(tmpdir(), 'gabion-test-kafka-'));
  const [port, controllerPort] = [await freePort(), await freePort()];
  const config = join(directory, 'server.properties');
  const broker = `127.0.0.1:${port}`;
  await writeFile(config, properties({ directory, port, controllerPort }));
  const clusterId = randomBytes(16).toString('base64url');
  await run('java', [
    ...jvm('128m'),
    '-cp',
    join(jars, '*'),
    'kafka.tools.StorageTool',
    'format',
    '-t',
    clusterId,
    '-c',
    config,
  ]);

  const start = () =>
    startServerProcess('java', [...jvm('512m'), '-cp', join(jars, '*'), 'kafka.Kafka', config], {
      logFile: join(directory, 'kafka.log'),
      isReady: () => answersKafka(broker),
      cwd: directory,
    });
  let server: ServerProcess | undefined = await start();
  const stop = async (how?: 'stop' | 'kill') => {
    await server?.stop(how);
    server = undefined;
  };
  return {
    brokers: [broker],
    origin: 'jars',
    stop,
    start: async () => {
      server ??= await start();
    },
    [Symbol.asyncDispose]: async () => {
      await stop('kill');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function jvm(heap: string): readonly string[] {
  // Starts in half the time of a server's settings; tests do not live long enough for the second compiler.
  return [`-Xmx${heap}`, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.net.preferIPv4Stack=true'];
}

function properties(node: { directory: string; port: number; controllerPort: number }): string {
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${node.controllerPort}
listeners=BROKER://127.0.0.1:${node.port},CONTROLLER://127.0.0.1:${node.controllerPort}
advertised.listeners=BROKER://127.0.0.1:${node.port}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
log.dirs=${join(node.directory, 'data')}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
num.network.threads=2
num.io.threads=2
log.cleaner.dedupe.buffer.size=4194304
`;
}
