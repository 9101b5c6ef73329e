import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { accessOf } from '@gabion/contracts/access';
import { type Binding, downloadField, uploadField } from './bindings.ts';
import { describe, type Schema, Schemas } from './openapi-schemas.ts';

/** What the API offers, as an OpenAPI 3.1 document made from the same descriptors that requests are read by. */
export function openApi(bindings: readonly Binding[]): object {
  const schemas = new Schemas();
  const paths: Record<string, Record<string, object>> = {};
  const ids = new Set<string>();
  for (const binding of bindings) {
    const path = pathOf(binding);
    paths[path] = { ...paths[path], [binding.verb.toLowerCase()]: operation(binding, schemas, ids) };
  }
  const services = [...new Set(bindings.map(({ method }) => method.parent))];
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gabion',
      version: '1.0.0',
      description: 'Every operation is also a gRPC method of the same name at the gRPC port.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    tags: services.map((service) => ({ name: service.name, ...describe(service.typeName) })),
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'gbn_…', description: 'An API token of Gabion.' },
      },
      responses: { Problem: problemResponse },
      schemas: { Problem: problemSchema, ...schemas.components },
    },
  };
}

/** "/v1/{name=shelves/*}:move" is written "/v1/{name}:move". */
function pathOf({ template }: Binding): string {
  return template.source.replace(/\{([^}=]+)=[^}]*\}/g, '{$1}');
}

function operation(binding: Binding, schemas: Schemas, ids: Set<string>): object {
  const { method, verb } = binding;
  const name = `${method.parent.typeName}.${method.name}`;
  const access = accessOf(method);
  const description = describe(name).description;
  const body = requestBody(binding, schemas);
  return {
    operationId: unique(`${method.parent.name}_${method.name}`, ids),
    tags: [method.parent.name],
    summary: summaryOf(description, method.name),
    ...(description && { description }),
    ...(access.way === 'permission' && { 'x-gabion-permission': access.permission }),
    ...(access.way === 'anonymous' && { security: [] }),
    ...(method.proto.options?.deprecated && { deprecated: true }),
    parameters: [...pathParameters(binding, schemas), ...queryParameters(binding, schemas), ...headerParameters(verb)],
    ...(body && { requestBody: body }),
    responses: { 200: answer(binding, schemas), default: { $ref: '#/components/responses/Problem' } },
  };
}

/** Additional bindings of a method get a number: operation ids are unique. */
function unique(id: string, ids: Set<string>): string {
  let free = id;
  for (let number = 2; ids.has(free); number++) free = `${id}_${number}`;
  ids.add(free);
  return free;
}

function summaryOf(description: string | undefined, name: string): string {
  const sentence = description?.split(/(?<=\.)\s/)[0];
  return sentence ?? name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ');
}

function pathParameters({ method, template }: Binding, schemas: Schemas): object[] {
  return template.variables.map(({ path }) => {
    const field = path.reduce<DescField | undefined>(
      (found, name) => (found ? found.message : method.input)?.fields.find((each) => each.name === name),
      undefined,
    );
    return parameter('path', path.join('.'), schemas.field(field!), true);
  });
}

function queryParameters(binding: Binding, schemas: Schemas): object[] {
  if (binding.body === 'whole') return [];
  const inPath = new Set(binding.template.variables.map(({ path }) => path.join('.')));
  const fields = binding.method.input.fields.filter((field) => field !== binding.body);
  return queryFields(fields, [], new Set()).flatMap(({ names, field }) => {
    if (inPath.has(names.map(({ name }) => name).join('.'))) return [];
    const schema = schemas.field(field);
    return [parameter('query', names.map(({ jsonName }) => jsonName).join('.'), schema, 'minLength' in schema)];
  });
}

interface QueryField {
  readonly names: readonly DescField[];
  readonly field: DescField;
}

/** Fields that can stand in a query: scalars, enums and times, lists of them, and those of nested messages. */
function queryFields(
  fields: readonly DescField[],
  above: readonly DescField[],
  seen: ReadonlySet<DescMessage>,
): QueryField[] {
  return fields.flatMap((field) => {
    const names = [...above, field];
    if (field.fieldKind === 'map' || (field.fieldKind === 'list' && field.message && !isPlain(field.message)))
      return [];
    if (field.fieldKind !== 'message' || isPlain(field.message)) return [{ names, field }];
    return seen.has(field.message) ? [] : queryFields(field.message.fields, names, new Set([...seen, field.message]));
  });
}

function isPlain({ typeName }: DescMessage): boolean {
  return typeName.startsWith('google.protobuf.') && !/\.(?:Struct|Value|ListValue|Any|Empty)$/.test(typeName);
}

function parameter(where: 'path' | 'query', name: string, schema: Schema, required: boolean): object {
  const { description, ...rest } = schema;
  return { name, in: where, required, ...(description !== undefined && { description }), schema: rest };
}

function headerParameters(verb: string): object[] {
  if (verb !== 'POST') return [];
  return [
    {
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description: 'A repeat of the request with the same key has no second effect and gets the first answer.',
      schema: { type: 'string', minLength: 8, maxLength: 128, pattern: '^[A-Za-z0-9._:/=+-]+$' },
    },
  ];
}

function requestBody(binding: Binding, schemas: Schemas): object | undefined {
  const { method, body, template } = binding;
  if (uploadField(binding)) return { required: true, content: { 'application/octet-stream': { schema: {} } } };
  if (body === undefined) return undefined;
  if (body !== 'whole') return jsonBody(schemas.field(body));
  const inPath = new Set(template.variables.map(({ path }) => path[0]));
  const fields = method.input.fields.filter((field) => !inPath.has(field.name));
  return jsonBody(
    fields.length === method.input.fields.length ? schemas.of(method.input) : schemas.object(method.input, fields),
  );
}

function jsonBody(schema: Schema): object {
  const isNeeded = schema.required !== undefined || schema.$ref !== undefined;
  return { required: isNeeded, content: { 'application/json': { schema } } };
}

function answer(binding: Binding, schemas: Schemas): object {
  const { method, responseField } = binding;
  const schema = responseField ? schemas.field(responseField) : schemas.of(method.output);
  const headers = { 'X-Request-Id': { schema: { type: 'string' }, description: 'Names this request in the log.' } };
  if (downloadField(binding)) return { description: 'The document.', headers, content: { '*/*': { schema: {} } } };
  if (method.methodKind !== 'server_streaming' && method.methodKind !== 'bidi_streaming')
    return { description: 'The answer.', headers, content: { 'application/json': { schema } } };
  const line = { type: 'object', properties: { result: schema, error: { $ref: '#/components/schemas/Problem' } } };
  return {
    description: 'A stream: server-sent events for who accepts them, else one JSON object a line.',
    headers,
    content: {
      'text/event-stream': {
        schema: { type: 'string', description: 'Events "message" with JSON, "error" with a problem.' },
      },
      'application/x-ndjson': { schema: line },
    },
  };
}

const problemSchema: Schema = {
  type: 'object',
  description: 'RFC 9457.',
  required: ['type', 'title', 'status', 'detail', 'code'],
  properties: {
    type: { type: 'string', description: '"urn:gabion:error:" and the code.' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', description: 'Stable name of this very error.' },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      description: 'The fields at fault.',
      items: {
        type: 'object',
        required: ['field', 'code', 'detail'],
        properties: { field: { type: 'string' }, code: { type: 'string' }, detail: { type: 'string' } },
      },
    },
  },
};

const problemResponse = {
  description: 'What went wrong.',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};
