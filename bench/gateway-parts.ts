import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fromBinary, toJsonString } from '@bufbuild/protobuf';
import { AuthenticationService } from '@gabion/contracts/gabion/identity/v1/authentication_pb';
import { ScanService } from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { start } from '@gabion/gateway/service';
import { methodDefinition, serviceDefinition, writeMessage } from '@gabion/rpc/definition';
import { startTracing } from '@gabion/telemetry/tracing';
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { fastify } from 'fastify';

const [role = '', directory = ''] = process.argv.slice(2);
const address = `unix:${join(directory, 'services.sock')}`;
const everyField = { alwaysEmitImplicit: true };
const path = `/v1/scans/${randomUUID()}`;
const parts = { services, gateway, bare } as Readonly<Record<string, () => Promise<string>>>;
process.once('disconnect', () => process.exit());
process.send?.(await parts[role]!());

/** Identity and the scanner with answers made beforehand: what is measured is the way to them. */
async function services(): Promise<string> {
  const server = new Server();
  const caller = { kind: 1, id: 'bench', name: 'bench', permissions: ['*'] };
  const authenticated = writeMessage(AuthenticationService.method.authenticate.output, { caller });
  const scan = writeMessage(ScanService.method.getScan.output, {
    id: randomUUID(),
    target: 'registry.example/app:1.2',
    imageDigest: `sha256:${'a'.repeat(64)}`,
    severityCounts: { critical: 1, high: 2 },
    layers: Array.from({ length: 5 }, () => ({ digest: `sha256:${'b'.repeat(64)}`, size: 1000n })),
  });
  const answer = (bytes: Buffer) => (_call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) =>
    callback(null, bytes);
  server.addService(serviceDefinition(AuthenticationService), {
    authenticate: answer(authenticated),
    watchRevocations: (call: ServerDuplexStream<Buffer, Buffer>) => {
      const heartbeat = () => call.write(writeMessage(AuthenticationService.method.watchRevocations.output, {}));
      heartbeat();
      setInterval(heartbeat, 5000).unref();
      call.resume();
    },
  });
  server.addService(serviceDefinition(ScanService), { getScan: answer(scan) });
  await bound(server);
  return address;
}

async function gateway(): Promise<string> {
  await startTracing({ service: 'gateway' });
  const rate = { burst: 1_000_000, perSecond: 1_000_000 };
  const { url } = await start({
    http: '127.0.0.1:0',
    grpc: '127.0.0.1:0',
    peers: { identity: address, 'image-scanner': address },
    limits: { callerRate: rate },
    // With its log, as it runs; the lines go where the bench's standard error goes.
    logLevel: process.env.BENCH_LOG === 'silent' ? 'silent' : 'info',
  });
  return `${url}${path}`;
}

async function bare(): Promise<string> {
  const method = ScanService.method.getScan;
  const { path: rpc, requestSerialize: asIs } = methodDefinition(method);
  const client = new Client(address, credentials.createInsecure());
  const app = fastify();
  app.get<{ Params: { id: string } }>('/v1/scans/:id', (request, reply) => {
    client.makeUnaryRequest(rpc, asIs, asIs, writeMessage(method.input, { id: request.params.id }), (error, bytes) => {
      if (error) return void reply.code(500).send();
      reply
        .type('application/json')
        .send(toJsonString(method.output, fromBinary(method.output, bytes as Buffer), everyField));
    });
  });
  return `${await app.listen({ host: '127.0.0.1', port: 0 })}${path}`;
}

function bound(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  );
}
