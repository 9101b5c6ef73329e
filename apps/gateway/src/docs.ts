import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { FastifyInstance } from 'fastify';
import { docsPage } from './docs-page.ts';

const require = createRequire(import.meta.url);

/** Scripts and styles come from this server alone and none stands in the page; Swagger UI shows icons from data: URLs. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const assets = { 'swagger-ui.css': 'text/css', 'swagger-ui-bundle.js': 'text/javascript' } as const;

/** Serves the OpenAPI document, and Swagger UI over it without any other server. */
export function addDocs(app: FastifyInstance, document: object): void {
  const text = JSON.stringify(document);
  const serve = (url: string, contentType: string, body: () => Promise<string | Buffer>, maxAgeS = 300) =>
    app.get(url, { exposeHeadRoute: true }, async (request, reply) => {
      request.facts.route = url;
      reply.header('content-security-policy', policy).header('cache-control', `public, max-age=${maxAgeS}`);
      return reply.type(`${contentType}; charset=utf-8`).send(await body());
    });

  serve('/openapi.json', 'application/json', async () => text);
  serve('/docs', 'text/html', async () => docsPage.html);
  serve('/docs/start.js', 'text/javascript', async () => docsPage.script);
  for (const [name, contentType] of Object.entries(assets))
    serve(`/docs/${name}`, contentType, () => readFile(require.resolve(`swagger-ui-dist/${name}`)), 86_400);
  app.get('/', (request, reply) => {
    request.facts.route = '/';
    reply.redirect('/docs');
  });
}
