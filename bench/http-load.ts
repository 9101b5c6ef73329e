import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Load {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** A fixed rate, latencies counted from when each request was due; as fast as answers come when absent. */
  readonly perSecond?: number | undefined;
}

export interface Measured {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
}

/** Drives a server with GET over keep-alive connections, one request in flight on each. */
export async function load({ url, connections, seconds, perSecond }: Load): Promise<Measured> {
  const latencies: number[] = [];
  let failed = 0;
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(url)));
  // Connections and the first requests on them are a hundredth of a short round, and so would be its p99.
  await warmUp(sockets, url);
  const started = performance.now();
  const end = started + seconds * 1000;
  const stepMs = perSecond ? (connections * 1000) / perSecond : 0;
  const record = (ms: number, isFine: boolean) => {
    latencies.push(ms);
    if (!isFine) failed++;
  };
  await Promise.all(
    sockets.map((socket, index) =>
      drive(socket, url, { end, stepMs, firstMs: started + (stepMs * index) / connections, record }),
    ),
  );
  latencies.sort((one, other) => one - other);
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.NaN;
  return { perSecond: latencies.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99), failed };
}

interface Drive {
  readonly end: number;
  readonly stepMs: number;
  readonly firstMs: number;
  record(ms: number, isFine: boolean): void;
}

async function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setNoDelay();
  await once(socket, 'connect');
  return socket;
}

/** One request on each connection, not counted. */
async function warmUp(sockets: readonly Socket[], url: string): Promise<void> {
  await Promise.all(
    sockets.map(async (socket) => {
      socket.write(requestOf(url));
      await once(socket, 'data');
    }),
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  for (const socket of sockets) socket.removeAllListeners('data');
}

function requestOf(url: string): string {
  const { hostname, pathname } = new URL(url);
  return `GET ${pathname} HTTP/1.1\r\nhost: ${hostname}\r\nauthorization: Bearer gbn_benchmark0001\r\naccept: application/json\r\n\r\n`;
}

function drive(socket: Socket, url: string, { end, stepMs, firstMs, record }: Drive): Promise<void> {
  const request = requestOf(url);
  return new Promise((resolve, reject) => {
    let due = firstMs;
    let answer = '';
    const send = () => {
      if (performance.now() >= end) return void socket.end(resolve);
      if (!stepMs) due = performance.now();
      const waitMs = due - performance.now();
      if (waitMs > 1) setTimeout(() => socket.write(request), waitMs);
      else socket.write(request);
    };
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      const head = answer.indexOf('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(answer)?.[1]);
      if (head < 0 || answer.length < head + 4 + length) return;
      record(performance.now() - due, answer.startsWith('HTTP/1.1 200'));
      answer = '';
      due += stepMs;
      send();
    });
    send();
  });
}
