import { type DescEnum, type DescField, type DescMessage, getOption, hasOption, ScalarType } from '@bufbuild/protobuf';
import { comments } from '@gabion/contracts/gabion/comments';
import { type Rule, rule as ruleOption } from '@gabion/contracts/gabion/contract/v1/options_pb';
import { formats } from '@gabion/contracts/rules';

export type Schema = { readonly [keyword: string]: unknown };

/** JSON Schemas of messages and enums, gathered under #/components/schemas as they are asked for. */
export class Schemas {
  readonly components: Record<string, Schema> = {};

  /** A reference to a message's schema, or the schema itself for a well-known type. */
  of(message: DescMessage): Schema {
    const known = wellKnown(message);
    if (known) return known;
    if (!(message.typeName in this.components)) {
      this.components[message.typeName] = {};
      this.components[message.typeName] = this.object(message, message.fields);
    }
    return { $ref: `#/components/schemas/${message.typeName}` };
  }

  /** An object of some of a message's fields. */
  object(message: DescMessage, fields: readonly DescField[]): Schema {
    const required = fields.filter((field) => ruleOf(field)?.required).map((field) => field.jsonName);
    return {
      type: 'object',
      ...describe(message.typeName),
      additionalProperties: false,
      properties: Object.fromEntries(fields.map((field) => [field.jsonName, this.field(field)])),
      ...(required.length > 0 && { required }),
    };
  }

  /** One field, its rules included. */
  field(field: DescField): Schema {
    const rule = ruleOf(field);
    const notes = {
      ...describe(`${field.parent.typeName}.${field.name}`),
      ...(field.proto.options?.debugRedact && { writeOnly: !isAnswered(field) }),
    };
    if (field.fieldKind === 'list')
      return {
        type: 'array',
        ...notes,
        items: this.#value(field, rule),
        ...(rule?.minItems !== undefined && { minItems: rule.minItems }),
        ...(rule?.maxItems !== undefined && { maxItems: rule.maxItems }),
      };
    if (field.fieldKind === 'map') return { type: 'object', ...notes, additionalProperties: this.#value(field, rule) };
    return { ...this.#value(field, rule), ...notes };
  }

  #value(field: DescField, rule: Rule | undefined): Schema {
    if (field.message) return this.of(field.message);
    if (field.enum) return this.#enumeration(field.enum);
    return scalar(field.scalar as ScalarType, rule);
  }

  #enumeration(desc: DescEnum): Schema {
    this.components[desc.typeName] ??= {
      type: 'string',
      ...describe(desc.typeName),
      enum: desc.values.map((value) => value.name),
    };
    return { $ref: `#/components/schemas/${desc.typeName}` };
  }
}

/** The comment of a descriptor in the contract, as OpenAPI's description. */
export function describe(name: string): { description?: string } {
  const description = comments[name];
  return description === undefined ? {} : { description };
}

function ruleOf(field: DescField): Rule | undefined {
  return hasOption(field, ruleOption) ? getOption(field, ruleOption) : undefined;
}

/** A secret in an answer (a new token's text) is there to be read. */
function isAnswered(field: DescField): boolean {
  return field.parent.typeName.endsWith('Response');
}

function scalar(type: ScalarType, rule: Rule | undefined): Schema {
  const bounds = {
    ...(rule?.min !== undefined && { minimum: rule.min }),
    ...(rule?.max !== undefined && { maximum: rule.max }),
  };
  switch (type) {
    case ScalarType.BOOL:
      return { type: 'boolean' };
    case ScalarType.STRING:
      return text(rule);
    case ScalarType.BYTES:
      return { type: 'string', contentEncoding: 'base64' };
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return { type: 'number', format: type === ScalarType.FLOAT ? 'float' : 'double', ...bounds };
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return { type: 'integer', minimum: 0, maximum: 4_294_967_295, ...bounds };
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return { type: 'integer', format: 'int32', ...bounds };
    default:
      // 64 bits are more than a JSON number holds everywhere: proto3's JSON writes them as strings.
      return { type: 'string', format: 'int64', pattern: '^-?[0-9]{1,20}$' };
  }
}

function text(rule: Rule | undefined): Schema {
  if (!rule) return { type: 'string', maxLength: 4096 };
  const format = formats[rule.format];
  const expression = rule.pattern ? `^(?:${rule.pattern})$` : format?.pattern.source;
  // The empty string stands for an absent field, which only a required one may not be.
  const pattern = expression && (rule.required ? expression : `^$|${expression}`);
  return {
    type: 'string',
    ...(rule.required && { minLength: Math.max(rule.minLen ?? 1, 1) }),
    maxLength: rule.maxLen ?? 4096,
    ...(pattern && { pattern }),
  };
}

function wellKnown({ typeName, fields }: DescMessage): Schema | undefined {
  switch (typeName) {
    case 'google.protobuf.Timestamp':
      return { type: 'string', format: 'date-time' };
    case 'google.protobuf.Duration':
      return { type: 'string', pattern: '^-?[0-9]+(?:\\.[0-9]{1,9})?s$' };
    case 'google.protobuf.FieldMask':
      return { type: 'string' };
    case 'google.protobuf.Struct':
      return { type: 'object' };
    case 'google.protobuf.Value':
      return {};
    case 'google.protobuf.ListValue':
      return { type: 'array', items: {} };
    default:
      return /^google\.protobuf\.\w+Value$/.test(typeName)
        ? scalar(fields[0]?.scalar as ScalarType, undefined)
        : undefined;
  }
}
