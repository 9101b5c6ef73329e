import {
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
  getOption,
  hasOption,
  ScalarType,
} from '@bufbuild/protobuf';
import { accessOf } from '@gabion/contracts/access';
import { http as httpOption } from '@gabion/contracts/google/api/annotations_pb';
import type { HttpRule } from '@gabion/contracts/google/api/http_pb';
import { type PathTemplate, pathTemplate } from './path-template.ts';

/** One way to call a method over HTTP, from its google.api.http option. */
export interface Binding {
  readonly verb: string;
  readonly template: PathTemplate;
  readonly method: DescMethod;
  /** The service of Gabion that offers the method. */
  readonly service: string;
  /** What the body is: the whole message, one field of it, or nothing. */
  readonly body: 'whole' | DescField | undefined;
  /** The field that is answered, in place of the whole message. */
  readonly responseField: DescField | undefined;
}

/** The field of a stream of requests that carries the bytes of the body, piece by piece. */
export function uploadField({ method, body }: Binding): DescField | undefined {
  const takesStream = method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming';
  return takesStream && body !== 'whole' ? body : undefined;
}

/** The field of a stream of answers whose bytes, one piece after the other, are what is answered. */
export function downloadField({ method, responseField }: Binding): DescField | undefined {
  return method.methodKind === 'server_streaming' && responseField && isBytes(responseField)
    ? responseField
    : undefined;
}

function isBytes(field: DescField): boolean {
  return field.fieldKind === 'scalar' && field.scalar === ScalarType.BYTES;
}

/** What is offered: the gRPC services of each service of Gabion. */
export type Catalogue = Readonly<Record<string, readonly DescService[]>>;

/** A method that outsiders may reach, and who offers it. */
export interface Offered {
  readonly service: string;
  readonly method: DescMethod;
}

/**
 * The methods that may be reached from outside. Left out is what is for services only, and what is anonymous without
 * an HTTP rule: that is how services get their first certificate, at a door of their own.
 */
export function offeredMethods(catalogue: Catalogue): Offered[] {
  return Object.entries(catalogue).flatMap(([service, descriptors]) =>
    descriptors
      .flatMap((each) => each.methods)
      .filter((method) => {
        const { way } = accessOf(method);
        return way !== 'services' && (way !== 'anonymous' || hasOption(method, httpOption));
      })
      .map((method) => ({ service, method })),
  );
}

/** Every binding of every method offered; throws for a rule that does not fit its messages. */
export function bindingsOf(catalogue: Catalogue): Binding[] {
  return offeredMethods(catalogue).flatMap(({ service, method }) => {
    if (!hasOption(method, httpOption)) return [];
    const rule = getOption(method, httpOption);
    return [rule, ...rule.additionalBindings].map((each) => checked(bindingOf(service, method, each)));
  });
}

function checked(binding: Binding): Binding {
  const { method } = binding;
  const takesStream = method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming';
  const field = uploadField(binding);
  if (takesStream && !(field && isBytes(field)))
    throw new Error(`${method}: the body of a stream of requests must be a field of bytes`);
  return binding;
}

function bindingOf(service: string, method: DescMethod, rule: HttpRule): Binding {
  const [verb, path] = verbAndPath(method, rule);
  const template = pathTemplate(path);
  for (const { path: fields } of template.variables) checkVariable(method, fields);
  return {
    verb,
    template,
    method,
    service,
    body: rule.body === '*' ? 'whole' : rule.body ? fieldOf(method.input, rule.body) : undefined,
    responseField: rule.responseBody ? fieldOf(method.output, rule.responseBody) : undefined,
  };
}

function verbAndPath(method: DescMethod, { pattern }: HttpRule): [string, string] {
  if (pattern.case === undefined) throw new Error(`${method}: the HTTP rule has no path`);
  if (pattern.case === 'custom') return [pattern.value.kind.toUpperCase(), pattern.value.path];
  return [pattern.case.toUpperCase(), pattern.value];
}

function checkVariable(method: DescMethod, path: readonly string[]): void {
  let schema: DescMessage | undefined = method.input;
  for (const [index, name] of path.entries()) {
    if (!schema) throw new Error(`${method}: ${path.join('.')} leads through a field that is no message`);
    const field = fieldOf(schema, name);
    const isLast = index === path.length - 1;
    if (isLast && field.fieldKind !== 'scalar' && field.fieldKind !== 'enum')
      throw new Error(`${method}: ${path.join('.')} cannot stand in a path`);
    schema = field.fieldKind === 'message' ? field.message : undefined;
  }
}

function fieldOf(schema: DescMessage, name: string): DescField {
  const field = schema.fields.find((each) => each.name === name);
  if (!field) throw new Error(`${schema} has no field ${name}, which an HTTP rule names`);
  return field;
}
