import type {
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';
import { Controller } from '@nestjs/common';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import type { Call } from './call.ts';
import { Fault } from './fault.ts';
import { pathOf } from './method-path.ts';

/** The methods that a controller of the service must have, one per RPC. */
export type Implementation<S extends DescService> = { [K in keyof S['method']]: Handler<S['method'][K]> };

type Handler<M> =
  M extends DescMethodUnary<infer I, infer O>
    ? (request: MessageShape<I>, call: Call) => Promise<MessageInitShape<O>>
    : M extends DescMethodServerStreaming<infer I, infer O>
      ? (request: MessageShape<I>, call: Call) => AsyncIterable<MessageInitShape<O>>
      : M extends DescMethodClientStreaming<infer I, infer O>
        ? (requests: AsyncIterable<MessageShape<I>>, call: Call) => Promise<MessageInitShape<O>>
        : M extends DescMethodBiDiStreaming<infer I, infer O>
          ? (requests: AsyncIterable<MessageShape<I>>, call: Call) => AsyncIterable<MessageInitShape<O>>
          : never;

/** Makes a class the NestJS controller of a service of the contract: every RPC is a method of the same name in camel case. */
export function Implements<S extends DescService>(service: S) {
  return (controller: new (...dependencies: never[]) => Implementation<S>): void => {
    const missing = service.methods.find(({ localName }) => !(localName in controller.prototype));
    if (missing) throw new Error(`${controller.name} has no method ${missing.localName} for ${pathOf(missing)}`);
    control(controller, service);
  };
}

/** The same for a class that stands in for a service in tests: RPCs that it leaves out answer UNIMPLEMENTED. */
export function ImplementsSome<S extends DescService>(service: S) {
  return (controller: new (...dependencies: never[]) => Partial<Implementation<S>>): void => {
    for (const method of service.methods) {
      if (method.localName in controller.prototype) continue;
      const answer = () => {
        throw new Fault('unimplemented', `${pathOf(method)} is not offered here`);
      };
      Object.defineProperty(controller.prototype, method.localName, { value: answer, configurable: true });
    }
    control(controller, service);
  };
}

function control(controller: new (...dependencies: never[]) => object, service: DescService): void {
  Controller()(controller);
  const { prototype } = controller;
  for (const method of service.methods) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, method.localName);
    if (!descriptor) throw new Error(`${controller.name} inherits ${method.localName}; it must be its own`);
    MessagePattern(pathOf(method))(prototype, method.localName, descriptor);
    Payload()(prototype, method.localName, 0);
    Ctx()(prototype, method.localName, 1);
  }
}
