import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  createRegistry,
  type DescExtension,
  type DescFile,
  type DescService,
  type Registry,
  toBinary,
} from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { file_google_rpc_error_details } from '@gabion/contracts/google/rpc/error_details_pb';
import { Health } from '@gabion/contracts/grpc/health/v1/health_pb';
import {
  ServerReflection,
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from '@gabion/contracts/grpc/reflection/v1/reflection_pb';
import { type handleBidiStreamingCall, type Server, status } from '@grpc/grpc-js';
import { readMessage, serviceDefinition, writeMessage } from './definition.ts';
import { faultOf, toStatus } from './faults.ts';

type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>['messageResponse']>;

/**
 * Adds gRPC Server Reflection v1, so that grpcurl and its kind work without the .proto files. Answers come from the
 * generated descriptors, custom options included.
 */
export function addReflection(server: Server, services: readonly DescService[]): void {
  const offered = [...services, Health, ServerReflection];
  // The details of an error are read with the help of reflection too.
  const roots = [...offered.map((service) => service.file), file_google_rpc_error_details];
  const registry = createRegistry(...roots);
  const files = withDependencies(roots);

  const serverReflectionInfo: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    call.on('data', (bytes: Buffer) => {
      try {
        call.write(answerFor(readMessage(ServerReflectionRequestSchema, bytes), offered, files, registry));
      } catch (error) {
        call.emit('error', toStatus(faultOf(error)));
      }
    });
    call.on('end', () => call.end());
  };
  server.addService(serviceDefinition(ServerReflection), { serverReflectionInfo });
}

function answerFor(request: ServerReflectionRequest, ...known: Known): Buffer {
  const messageResponse = answerTo(request, ...known);
  return writeMessage(ServerReflectionResponseSchema, {
    validHost: request.host,
    originalRequest: request,
    messageResponse,
  });
}

type Known = [services: readonly DescService[], files: ReadonlyMap<string, DescFile>, registry: Registry];

function answerTo(
  { messageRequest }: ServerReflectionRequest,
  services: readonly DescService[],
  files: ReadonlyMap<string, DescFile>,
  registry: Registry,
): Answer {
  switch (messageRequest.case) {
    case 'listServices':
      return { case: 'listServicesResponse', value: { service: services.map(({ typeName: name }) => ({ name })) } };
    case 'fileByFilename':
      return fileAnswer(files.get(messageRequest.value.replace(/\.proto$/, '')));
    case 'fileContainingSymbol':
      return fileAnswer(fileOf(messageRequest.value, registry, files));
    case 'fileContainingExtension':
      return fileAnswer(extensionOf(messageRequest.value, files)?.file);
    case 'allExtensionNumbersOfType': {
      const baseTypeName = messageRequest.value;
      const extensionNumber = extensions(files)
        .filter((each) => each.extendee.typeName === baseTypeName)
        .map(({ number }) => number);
      return { case: 'allExtensionNumbersResponse', value: { baseTypeName, extensionNumber } };
    }
    case undefined:
      return {
        case: 'errorResponse',
        value: { errorCode: status.INVALID_ARGUMENT, errorMessage: 'the request asks for nothing' },
      };
    default: {
      const never: never = messageRequest;
      throw new Error(`unknown reflection request ${JSON.stringify(never)}`);
    }
  }
}

function fileAnswer(file: DescFile | undefined): Answer {
  if (!file) return { case: 'errorResponse', value: { errorCode: status.NOT_FOUND, errorMessage: 'not found' } };
  const fileDescriptorProto = [...withDependencies([file]).values()].map((each) =>
    toBinary(FileDescriptorProtoSchema, each.proto),
  );
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
}

/** A symbol is a type, or a method or field within one: what stands before the last dot then knows the file. */
function fileOf(symbol: string, registry: Registry, files: ReadonlyMap<string, DescFile>): DescFile | undefined {
  const owner = symbol.slice(0, Math.max(symbol.lastIndexOf('.'), 0));
  const found = registry.get(symbol) ?? registry.get(owner);
  return found?.file ?? [...files.values()].find((file) => file.proto.package === symbol);
}

function extensionOf(
  wanted: { containingType: string; extensionNumber: number },
  files: ReadonlyMap<string, DescFile>,
): DescExtension | undefined {
  return extensions(files).find(
    (each) => each.extendee.typeName === wanted.containingType && each.number === wanted.extensionNumber,
  );
}

function extensions(files: ReadonlyMap<string, DescFile>): DescExtension[] {
  return [...files.values()].flatMap((file) => file.extensions);
}

function withDependencies(files: readonly DescFile[], found = new Map<string, DescFile>()): Map<string, DescFile> {
  for (const file of files) {
    if (found.has(file.name)) continue;
    found.set(file.name, file);
    withDependencies(file.dependencies, found);
  }
  return found;
}
