import type { DescService } from '@bufbuild/protobuf';
import {
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
  Health as HealthService,
  HealthCheckResponse_ServingStatus as ServingStatus,
} from '@gabion/contracts/grpc/health/v1/health_pb';
import type { handleServerStreamingCall, handleUnaryCall, Server, ServerWritableStream } from '@grpc/grpc-js';
import { readMessage, serviceDefinition, writeMessage } from './definition.ts';
import { Fault } from './fault.ts';
import { faultOf, toStatus } from './faults.ts';

export interface Health {
  /** Says NOT_SERVING from here on and ends all watches, so that a server that shuts down does not wait for them. */
  stop(): void;
}

/** Adds the standard health service (gRPC Health Checking Protocol): the empty name stands for the whole server. */
export function addHealth(server: Server, services: readonly DescService[]): Health {
  const names = new Set(['', ...services.map((service) => service.typeName)]);
  const watches = new Set<ServerWritableStream<Buffer, Buffer>>();
  let serving = ServingStatus.SERVING;

  const answer = (status: ServingStatus) => writeMessage(HealthCheckResponseSchema, { status });
  const nameIn = (request: Buffer) => readMessage(HealthCheckRequestSchema, request).service;

  const check: handleUnaryCall<Buffer, Buffer> = (call, callback) => {
    try {
      const name = nameIn(call.request);
      if (!names.has(name))
        throw new Fault('not_found', `there is no service ${name} here`, { code: 'service_unknown' });
      callback(null, answer(serving));
    } catch (error) {
      callback(toStatus(faultOf(error)));
    }
  };
  const list: handleUnaryCall<Buffer, Buffer> = (_call, callback) => {
    const statuses = Object.fromEntries([...names].map((name) => [name, { status: serving }]));
    callback(null, writeMessage(HealthService.method.list.output, { statuses }));
  };
  const watch: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    try {
      const status = names.has(nameIn(call.request)) ? serving : ServingStatus.SERVICE_UNKNOWN;
      watches.add(call);
      call.once('cancelled', () => watches.delete(call));
      call.write(answer(status));
    } catch (error) {
      call.emit('error', toStatus(faultOf(error)));
    }
  };

  server.addService(serviceDefinition(HealthService), { check, list, watch });
  return {
    stop() {
      serving = ServingStatus.NOT_SERVING;
      for (const call of watches) {
        call.write(answer(serving));
        call.end();
      }
      watches.clear();
    },
  };
}
