import { metricsText } from '@gabion/telemetry/metrics';
import type { FastifyInstance } from 'fastify';
import type { Peers } from './peers.ts';
import type { Rest } from './rest.ts';
import { isLoopback } from './source-address.ts';

/** How long an answer of /readyz stands, so that asking it often costs the services nothing. */
const freshMs = 1000;

/** What the gateway says of itself: /healthz, /readyz and /metrics. */
export function addProbes(app: FastifyInstance, rest: Rest, peers: Peers, stopping: AbortSignal): void {
  app.get('/healthz', (request, reply) => {
    request.facts.route = '/healthz';
    reply.send({ status: 'ok' });
  });

  const ready = readiness(peers, stopping);
  app.get('/readyz', async (request, reply) => {
    request.facts.route = '/readyz';
    const { reasons, services } = await ready();
    return reply
      .code(reasons.length === 0 ? 200 : 503)
      .send({ status: reasons.length === 0 ? 'ok' : 'unready', reasons, services });
  });

  app.get('/metrics', async (request, reply) => {
    request.facts.route = '/metrics';
    const isNear = isLoopback(request.raw.socket.remoteAddress ?? '');
    // A proxy on this machine would make everybody near: what it forwards is not.
    const isForwarded = 'x-forwarded-for' in request.headers || 'forwarded' in request.headers;
    if (!isNear || isForwarded) await rest.enterWith(request, 'metrics.read');
    const { contentType, body } = await metricsText();
    return reply.type(contentType).send(body);
  });
}

interface Readiness {
  readonly reasons: readonly string[];
  readonly services: Readonly<Record<string, string>>;
}

/** Asks the services at most once a second, whoever asks here. */
export function readiness(peers: Peers, stopping: AbortSignal): () => Promise<Readiness> {
  let askedMs = Number.NEGATIVE_INFINITY;
  let answer: Promise<Readiness> | undefined;
  return () => {
    if (stopping.aborted) return Promise.resolve({ reasons: ['the gateway is stopping'], services: {} });
    if (answer && performance.now() - askedMs < freshMs) return answer;
    askedMs = performance.now();
    answer = peers.standing().then((services) => ({
      services,
      reasons: Object.entries(services).flatMap(([name, is]) => (is === 'serving' ? [] : [`${name} is ${is}`])),
    }));
    return answer;
  };
}
