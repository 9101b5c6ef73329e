import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '@gabion/telemetry/log';
import { counter, histogram } from '@gabion/telemetry/metrics';
import { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { requestIdFrom } from './call-context.ts';
import type { GatewayConfig } from './config.ts';
import type { FileCertificate } from './file-certificate.ts';
import { answerTo, HttpFault, requestTimeout } from './problem.ts';
import type { Rest } from './rest.ts';

const everyVerb = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'] as const;

/** Sent with every answer; what a page may do, pages themselves widen. */
const securityHeaders = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** A Fastify whose every answer has the limits, headers and log line of the gateway. Routes of the API go to `rest`. */
export function httpServer(
  rest: Rest,
  { limits, logLevel }: Pick<GatewayConfig, 'limits' | 'logLevel'>,
  log: Logger,
  certificate: FileCertificate | undefined,
): FastifyInstance {
  const settings = {
    logger: false,
    exposeHeadRoutes: false,
    bodyLimit: limits.bodyBytes,
    forceCloseConnections: 'idle' as const,
    requestTimeout: limits.uploadMs,
    keepAliveTimeout: limits.keepAliveMs,
    routerOptions: { maxParamLength: limits.urlBytes },
    genReqId: (raw: { headers: Record<string, unknown> }) => requestIdFrom(raw.headers['x-request-id']),
    clientErrorHandler,
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: Parameters<Rest['fail']>[1]) => {
      request.facts = { route: 'none', headers: { ...securityHeaders, 'x-request-id': request.id } };
      rest.fail(request, reply, error);
    },
  };
  const wire = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    connectionsCheckingInterval: Math.min(limits.headersMs, 1000),
  };
  const app = certificate
    ? (fastify({ ...settings, https: { ...wire, ...certificate.files } } as never) as unknown as FastifyInstance)
    : (fastify({ ...settings, http: wire } as never) as unknown as FastifyInstance);
  app.server.maxConnections = limits.connections;
  if (certificate) certificate.onChange((files) => (app.server as never as SecureServer).setSecureContext(files));
  addHooks(app, rest, limits.urlBytes, certificate !== undefined);
  addRecords(app, logLevel === 'silent' ? undefined : log);
  return app;
}

interface SecureServer extends Server {
  setSecureContext(files: { key: Buffer; cert: Buffer }): void;
}

function addHooks(app: FastifyInstance, rest: Rest, urlBytes: number, isSecure: boolean): void {
  const headers = { ...securityHeaders, ...(isSecure && { 'strict-transport-security': 'max-age=31536000' }) };
  app.decorateRequest('facts', null as never);
  app.addHook('onRequest', (request, reply, next) => {
    request.facts = { route: 'none', headers: { ...headers, 'x-request-id': request.id } };
    if ((request.raw.url?.length ?? 0) <= urlBytes) return next();
    rest.fail(request, reply, new HttpFault(414, 'invalid_argument', 'the URL is too long', { code: 'url_too_long' }));
  });
  // What Fastify itself answers (probes, pages) has its own headers besides, which go before.
  app.addHook('onSend', (request, reply, _payload, next) => {
    for (const [name, value] of Object.entries(request.facts.headers))
      if (!reply.hasHeader(name)) reply.header(name, value);
    next();
  });
  // Bodies are read by whoever answers, once it is known who asks.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.route({ method: [...everyVerb], url: '/*', handler: (request, reply) => void rest.answer(request, reply) });
  app.setNotFoundHandler((request, reply) => void rest.answer(request, reply));
  app.setErrorHandler((error, request, reply) => void rest.fail(request, reply, error));
}

/** Counts and times every answer, and writes its line. */
function addRecords(app: FastifyInstance, log: Logger | undefined): void {
  const answered = counter('http_requests_total', 'HTTP requests answered.', ['method', 'route', 'status']);
  const duration = histogram('http_request_duration_seconds', 'Time to answer an HTTP request.', ['method', 'route']);
  // None of the fields is a secret by its name, and looking for such costs a tenth of a request; secrets that can be
  // told by their form are still taken out.
  const accesses = log?.child({}, { redact: [] });
  app.addHook('onResponse', (request, reply, next) => {
    const { route } = request.facts;
    const ms = reply.elapsedTime;
    const method = (everyVerb as readonly string[]).includes(request.method) ? request.method : 'other';
    answered.inc({ method, route, status: String(reply.raw.statusCode) });
    duration.observe({ method, route }, ms / 1000);
    accesses?.info(access(request, reply, ms), 'request answered');
    next();
  });
}

function access(request: FastifyRequest, { raw }: FastifyReply, ms: number): object {
  const { route, caller, trace, code } = request.facts;
  return {
    method: request.method,
    // Without its query: that may hold what is nobody's business.
    path: (request.raw.url ?? '').split('?', 1)[0]?.slice(0, 256),
    route,
    status: raw.statusCode,
    ms: Math.round(ms * 10) / 10,
    requestId: request.id,
    caller,
    code,
    trace_id: trace,
    isComplete: raw.writableFinished,
  };
}

/** Answers what Node.js could not read as HTTP, by the error that its parser gives. */
function clientErrorHandler(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const { problem } = answerTo(unreadable(error.code), '');
  const body = JSON.stringify(problem);
  counter('http_unreadable_total', 'What came in and was no HTTP request.', ['status']).inc({
    status: String(problem.status),
  });
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\ncontent-type: application/problem+json\r\n` +
      Object.entries(securityHeaders)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('') +
      `x-request-id: ${requestIdFrom(undefined)}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  // A peer that does not read must not hold the socket.
  setTimeout(() => socket.destroy(), 1000).unref();
}

function unreadable(code: string | undefined): HttpFault {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new HttpFault(431, 'invalid_argument', 'the headers are too large', { code: 'headers_too_large' });
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return requestTimeout();
    default:
      return new HttpFault(400, 'invalid_argument', 'this is not HTTP', { code: 'http_malformed' });
  }
}
