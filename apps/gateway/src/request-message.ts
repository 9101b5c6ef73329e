import { type DescField, type DescMessage, fromJson, ScalarType, toBinary } from '@bufbuild/protobuf';
import { Fault } from '@gabion/rpc/fault';
import type { Binding } from './bindings.ts';
import { faultyField } from './faulty-field.ts';
import { tooMany } from './item-counts.ts';
import type { Json } from './json-text.ts';
import { variablesIn } from './path-template.ts';

/** The parts of an HTTP request that a message is made from. */
export interface RequestParts {
  readonly path: readonly string[];
  readonly query: string;
  /** Undefined when the binding takes no body or the body is empty. */
  readonly body: Json | undefined;
}

type JsonObject = { [key: string]: Json };

/**
 * The bytes of the request message of a binding (google.api.http, "gRPC Transcoding"): body, then path, then query.
 * Whatever does not fit the message is refused, and the field at fault named.
 */
export function requestMessage(binding: Binding, parts: RequestParts): Buffer {
  const { input } = binding.method;
  const json = bodyJson(binding, parts.body);
  for (const [path, value] of pathValues(binding, parts.path)) put(input, json, path, [value], 'path');
  if (parts.query) putQuery(binding, json, parts.query);
  const long = tooMany(input, json);
  if (long) throw fieldFault(long.field, 'too_many', `has ${long.count} items, at most ${long.most} are taken`);
  try {
    const bytes = toBinary(input, fromJson(input, json));
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (cause) {
    throw invalid(faultyField(input, json, cause), cause);
  }
}

function bodyJson({ body, method }: Binding, given: Json | undefined): JsonObject {
  const json: JsonObject = Object.create(null);
  if (given === undefined || body === undefined) return json;
  if (body !== 'whole') return Object.assign(json, { [body.jsonName]: given });
  if (given === null || typeof given !== 'object' || Array.isArray(given))
    throw new Fault('invalid_argument', `the body must be an object: a ${method.input.typeName}`, {
      code: 'body_not_an_object',
    });
  return given;
}

function pathValues(binding: Binding, path: readonly string[]): [readonly string[], string][] {
  try {
    return variablesIn(binding.template, path);
  } catch (cause) {
    throw new Fault('invalid_argument', 'the path has a "%" that is no escape of UTF-8', {
      code: 'url_malformed',
      cause,
    });
  }
}

function putQuery(binding: Binding, json: JsonObject, query: string): void {
  const values = new Map<string, string[]>();
  for (const [key, value] of new URLSearchParams(query)) values.set(key, [...(values.get(key) ?? []), value]);
  const { input } = binding.method;
  for (const [key, given] of values) {
    if (binding.body === 'whole') throw unknownField(key);
    const path = key.split('.');
    const head = fieldNamed(input, path[0] ?? '');
    if (head && head === binding.body) throw unknownField(key);
    put(input, json, path, given, 'query');
  }
}

/** Sets the field at a path of names, each as in the .proto or in JSON. */
function put(
  schema: DescMessage,
  json: JsonObject,
  path: readonly string[],
  given: string[],
  from: 'path' | 'query',
): void {
  const name = path.join('.');
  let at = json;
  let message: DescMessage | undefined = schema;
  for (const [index, part] of path.entries()) {
    const field: DescField | undefined = message && fieldNamed(message, part);
    if (!field) throw unknownField(name);
    if (index === path.length - 1) return setValue(at, field, name, given, from);
    message = field.fieldKind === 'message' ? field.message : undefined;
    if (!isObject(at[field.jsonName])) at[field.jsonName] = Object.create(null);
    at = at[field.jsonName] as JsonObject;
  }
}

function setValue(at: JsonObject, field: DescField, name: string, given: string[], from: 'path' | 'query'): void {
  const values = given.map((value) => jsonValue(field, value, name));
  const existing = at[field.jsonName] ?? at[field.name];
  if (existing !== undefined && (from === 'query' || existing !== values[0]))
    throw fieldFault(name, 'conflict', 'is given twice with different values');
  if (field.fieldKind !== 'list' && values.length > 1) throw fieldFault(name, 'repeated', 'is given more than once');
  delete at[field.name];
  at[field.jsonName] = field.fieldKind === 'list' ? values : (values[0] ?? null);
}

/** A text as the JSON that the field's type asks for. Numbers, bytes and times may stand as strings in proto3's JSON. */
function jsonValue(field: DescField, text: string, name: string): Json {
  const scalar = scalarOf(field);
  if (scalar === ScalarType.BOOL) {
    if (text === 'true' || text === 'false') return text === 'true';
    throw fieldFault(name, 'bool', 'must be true or false');
  }
  const isEnum = field.fieldKind === 'enum' || (field.fieldKind === 'list' && field.listKind === 'enum');
  if (isEnum) return /^[0-9]{1,9}$/.test(text) ? Number(text) : text;
  if (field.fieldKind === 'map' || (scalar === undefined && !isTextual(field))) throw unknownField(name);
  return text;
}

function scalarOf(field: DescField): ScalarType | undefined {
  if (field.fieldKind === 'scalar') return field.scalar;
  if (field.fieldKind === 'list' && field.listKind === 'scalar') return field.scalar;
  const isWrapper = field.fieldKind === 'message' && /^google\.protobuf\.\w+Value$/.test(field.message.typeName);
  return isWrapper ? field.message.fields[0]?.scalar : undefined;
}

/** Message types whose JSON form is a string. */
const textual = new Set(['Timestamp', 'Duration', 'FieldMask'].map((name) => `google.protobuf.${name}`));

function isTextual(field: DescField): boolean {
  const isMessage = field.fieldKind === 'message' || (field.fieldKind === 'list' && field.listKind === 'message');
  return isMessage && textual.has(field.message.typeName);
}

function fieldNamed(schema: DescMessage, name: string): DescField | undefined {
  return schema.fields.find((field) => field.name === name || field.jsonName === name);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unknownField(field: string): Fault {
  return fieldFault(field, 'unknown', 'is not a field of the request');
}

function fieldFault(field: string, code: string, message: string): Fault {
  return invalid({ field, code, message });
}

function invalid(found: { field: string; code: string; message: string }, cause?: unknown): Fault {
  const { field, code, message } = found;
  return new Fault('invalid_argument', field ? `${field} ${message}` : message, {
    code: code === 'unknown' ? 'field_unknown' : 'field_invalid',
    ...(field && { fields: [found] }),
    cause,
  });
}
