import { type DescField, type DescMessage, fromJson, type JsonValue } from '@bufbuild/protobuf';

interface Found {
  readonly field: string;
  readonly code: string;
  readonly message: string;
}

/** Looking for the field is for people, so it is not done at any price: values tried before the search ends. */
const maxTries = 500;

/** Which part of the JSON is not what the message asks for: its path, "layers[2].digest", and what is wrong there. */
export function faultyField(schema: DescMessage, json: unknown, error: unknown): Found {
  return find(schema, json, '', { left: maxTries }) ?? { field: '', code: 'invalid', message: textOf(error) };
}

function find(schema: DescMessage, json: unknown, at: string, tries: { left: number }): Found | undefined {
  if (
    typeof json !== 'object' ||
    json === null ||
    Array.isArray(json) ||
    schema.typeName.startsWith('google.protobuf.')
  )
    return undefined;
  for (const [key, value] of Object.entries(json)) {
    if (tries.left-- <= 0) return undefined;
    const path = at ? `${at}.${key}` : key;
    const field = schema.fields.find((each) => each.jsonName === key || each.name === key);
    if (!field) return { field: path.slice(0, 200), code: 'unknown', message: 'is not a field of the request' };
    const error = errorOf(schema, { [key]: value });
    if (error) return within(field, value, path, tries) ?? { field: path, code: 'invalid', message: textOf(error) };
  }
  return undefined;
}

/** The fault inside of a field's value, where that is a message or a list of them. */
function within(field: DescField, value: unknown, path: string, tries: { left: number }): Found | undefined {
  if (field.fieldKind === 'message') return find(field.message, value, path, tries);
  if (field.fieldKind !== 'list' || !Array.isArray(value)) return undefined;
  const index = value.findIndex(
    (item) => tries.left-- > 0 && errorOf(field.parent, { [field.jsonName]: [item] }) !== undefined,
  );
  if (index < 0) return undefined;
  const at = `${path}[${index}]`;
  const inner = field.listKind === 'message' ? find(field.message, value[index], at, tries) : undefined;
  return (
    inner ?? {
      field: at,
      code: 'invalid',
      message: textOf(errorOf(field.parent, { [field.jsonName]: [value[index]] })),
    }
  );
}

function errorOf(schema: DescMessage, json: JsonValue): unknown {
  try {
    fromJson(schema, json);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** protobuf-es says "cannot decode field a.b.C.d from JSON: expected …": what follows the colon is for the caller. */
function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const reason = text.replace(/^cannot decode .*? from JSON(?:: )?/, '').slice(0, 200);
  return reason ? `is not valid: ${reason}` : 'is not valid';
}
