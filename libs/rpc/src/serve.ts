import type { DescService } from '@bufbuild/protobuf';
import type { Logger } from '@gabion/telemetry/log';
import {
  type ArgumentsHost,
  Catch,
  type DynamicModule,
  type LoggerService,
  type RpcExceptionFilter,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { type Observable, throwError } from 'rxjs';
import type { AllowedCallers } from './admission.ts';
import { ContractServer, type Listener, type Refusal } from './contract-server.ts';
import 'reflect-metadata';

export interface ServeOptions {
  /** The module that wires the service's controllers. */
  readonly module: Type | DynamicModule;
  /** What the service offers; each method must have a controller. */
  readonly services: readonly DescService[];
  readonly listeners: readonly Listener[];
  readonly callers: AllowedCallers;
  readonly log: Logger;
  /** Told of each call that was turned away, for the audit trail. */
  readonly refused?: (refusal: Refusal) => void;
}

export interface Serving extends AsyncDisposable {
  /** Addresses as bound, in the order of the listeners. */
  readonly addresses: readonly string[];
  /** Finds a provider of the module. */
  get<T>(token: Type<T>): T;
}

/**
 * Boots a NestJS application whose controllers serve contracts over gRPC, with health checking and reflection. Does
 * not start when a method has no access in the contract or no controller. Disposing lets calls in flight end.
 */
export async function serve(options: ServeOptions): Promise<Serving> {
  const server = new ContractServer(options);
  const application = await NestFactory.createMicroservice(options.module, {
    strategy: server,
    logger: nestLogger(options.log),
    abortOnError: false,
  });
  application.useGlobalFilters(new PassErrors());
  await application.listen();
  return {
    addresses: server.addresses,
    get: (token) => application.get(token, { strict: false }),
    [Symbol.asyncDispose]: () => application.close(),
  };
}

/** Lets every error travel as it is to the one place that turns errors into statuses. */
@Catch()
class PassErrors implements RpcExceptionFilter {
  catch(error: unknown, _host: ArgumentsHost): Observable<never> {
    return throwError(() => error);
  }
}

function nestLogger(log: Logger): LoggerService {
  const quiet = () => {};
  return {
    log: quiet,
    debug: quiet,
    verbose: quiet,
    warn: (message, ...more) => log.warn({ more }, String(message)),
    error: (message, ...more) => log.error({ more }, String(message)),
    fatal: (message, ...more) => log.fatal({ more }, String(message)),
  };
}
