import type {
  DescMethod,
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

/** The gRPC path of a method, which is also its pattern inside NestJS. */
export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

/** Makes a class the NestJS controller of a service of the contract: every RPC is a method of the same name in camel case. */
export function Implements<S extends DescService>(service: S) {
  return (controller: new (...dependencies: never[]) => Implementation<S>): void => {
    Controller()(controller);
    for (const method of service.methods) {
      const { prototype } = controller;
      const descriptor = Object.getOwnPropertyDescriptor(prototype, method.localName);
      if (!descriptor) throw new Error(`${controller.name} has no method ${method.localName} for ${pathOf(method)}`);
      MessagePattern(pathOf(method))(prototype, method.localName, descriptor);
      Payload()(prototype, method.localName, 0);
      Ctx()(prototype, method.localName, 1);
    }
  };
}
