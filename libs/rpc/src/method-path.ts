import type { DescMethod } from '@bufbuild/protobuf';

/** The gRPC path of a method, which is also its pattern inside NestJS. */
export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}
