import { type DescField, type DescMessage, getOption, hasOption, type Message, ScalarType } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { Format, type Rule, rule as ruleOption } from '@gabion/contracts/gabion/contract/v1/options_pb';

/** One field that is not what the contract says it must be. */
export interface Violation {
  /** Path in the JSON form of the message, for example "layers[2].digest". */
  readonly field: string;
  /** Stable: required, too_short, too_long, pattern, too_small, too_large, too_few, too_many, nul, unknown_value or a format's name. */
  readonly code: string;
  readonly message: string;
}

/** Limits that hold where a field's rule names none. */
const defaultMaxLength = 4096;
const defaultMaxItems = 10_000;
/** Told of one message: who sent a list of 10,000 wrong items learns enough from the first. */
const mostViolations = 100;

/** Answers what is wrong with a message by the rules of its fields, nested messages included; empty when nothing is. */
export function violations(schema: DescMessage, message: Message): Violation[] {
  if (!mayFail(schema)) return [];
  const found: Violation[] = [];
  checkMessage(reflect(schema, message), '', found);
  return found;
}

const failing = new Map<DescMessage, boolean>();

/** Whether any value of the type could break a rule: messages of numbers and booleans alone are not walked. */
function mayFail(schema: DescMessage): boolean {
  const known = failing.get(schema);
  if (known !== undefined) return known;
  failing.set(schema, true);
  const may = schema.fields.some((field) => hasOption(field, ruleOption) || !isHarmless(field));
  failing.set(schema, may);
  return may;
}

function isHarmless(field: DescField): boolean {
  if (field.fieldKind === 'scalar') return field.scalar !== ScalarType.STRING;
  if (field.fieldKind === 'message') return isWellKnown(field.message) || !mayFail(field.message);
  return false;
}

function isWellKnown(schema: DescMessage): boolean {
  return schema.typeName.startsWith('google.protobuf.');
}

function checkMessage(message: ReflectMessage, at: string, found: Violation[]): void {
  for (const field of message.fields) {
    const path = at ? `${at}.${field.jsonName}` : field.jsonName;
    const rule = ruleOf(field);
    if (!message.isSet(field)) {
      if (rule?.required) found.push({ field: path, code: 'required', message: 'is required' });
      // A list without items is one that is not set.
      else if (rule?.minItems) isCount(0, field, path, found);
      continue;
    }
    checkField(message, field, rule, path, found);
  }
}

const rules = new Map<DescField, Rule | undefined>();

function ruleOf(field: DescField): Rule | undefined {
  if (!rules.has(field)) rules.set(field, hasOption(field, ruleOption) ? getOption(field, ruleOption) : undefined);
  return rules.get(field);
}

function checkField(
  message: ReflectMessage,
  field: DescField,
  rule: Rule | undefined,
  path: string,
  found: Violation[],
): void {
  switch (field.fieldKind) {
    case 'list': {
      const list = message.get(field);
      if (!isCount(list.size, field, path, found)) return;
      let index = 0;
      for (const item of list) {
        if (found.length >= mostViolations) return;
        checkValue(item, field.listKind === 'enum' ? field : undefined, rule, `${path}[${index++}]`, found);
      }
      return;
    }
    case 'map': {
      const map = message.get(field);
      if (!isCount(map.size, field, path, found)) return;
      for (const [key, value] of map) {
        checkValue(key, undefined, undefined, `${path} key`, found);
        checkValue(value, undefined, rule, `${path}[${JSON.stringify(key)}]`, found);
      }
      return;
    }
    case 'message':
      if (isWellKnown(field.message)) return;
      return checkMessage(message.get(field), path, found);
    case 'enum':
      return checkValue(message.get(field), field, rule, path, found);
    case 'scalar':
      return checkValue(message.get(field), undefined, rule, path, found);
    default: {
      const never: never = field;
      throw new Error(`unknown kind of field ${JSON.stringify(never)}`);
    }
  }
}

/** Whether there may be so many items: those of a list that is too long are not looked at. */
function isCount(count: number, field: DescField, path: string, found: Violation[]): boolean {
  const least = ruleOf(field)?.minItems;
  const most = mostItems(field);
  if (least !== undefined && count < least)
    found.push({ field: path, code: 'too_few', message: `has ${count} items, at least ${least} are needed` });
  if (count > most)
    found.push({ field: path, code: 'too_many', message: `has ${count} items, at most ${most} are taken` });
  return count <= most;
}

/** How many items a list or map may have. */
export function mostItems(field: DescField): number {
  return ruleOf(field)?.maxItems ?? defaultMaxItems;
}

type EnumField = DescField & { enum: { value: Record<number, unknown>; typeName: string } };

function checkValue(
  value: unknown,
  enumField: DescField | undefined,
  rule: Rule | undefined,
  path: string,
  found: Violation[],
): void {
  if (typeof value === 'string') return checkString(value, rule, path, found);
  if (value instanceof Uint8Array) return checkLength(value.length, rule, rule?.maxLen, 'bytes', path, found);
  if (enumField && typeof value === 'number') return checkEnum(value, enumField as EnumField, path, found);
  if (typeof value === 'number' || typeof value === 'bigint') return checkNumber(Number(value), rule, path, found);
  if (isReflected(value)) return isWellKnown(value.desc) ? undefined : checkMessage(value, path, found);
}

function isReflected(value: unknown): value is ReflectMessage {
  return typeof value === 'object' && value !== null && 'fields' in value && 'desc' in value;
}

function checkEnum(value: number, field: EnumField, path: string, found: Violation[]): void {
  if (!(value in field.enum.value))
    found.push({ field: path, code: 'unknown_value', message: `${value} is not a value of ${field.enum.typeName}` });
}

function checkNumber(value: number, rule: Rule | undefined, path: string, found: Violation[]): void {
  if (rule?.min !== undefined && value < rule.min)
    found.push({ field: path, code: 'too_small', message: `must be at least ${rule.min}` });
  if (rule?.max !== undefined && value > rule.max)
    found.push({ field: path, code: 'too_large', message: `must be at most ${rule.max}` });
}

function checkLength(
  length: number,
  rule: Rule | undefined,
  most: number | undefined,
  unit: string,
  path: string,
  found: Violation[],
): void {
  if (rule?.minLen !== undefined && length < rule.minLen)
    found.push({ field: path, code: 'too_short', message: `must have at least ${rule.minLen} ${unit}` });
  if (most !== undefined && length > most)
    found.push({ field: path, code: 'too_long', message: `must have at most ${most} ${unit}` });
}

function checkString(value: string, rule: Rule | undefined, path: string, found: Violation[]): void {
  const most = rule?.maxLen ?? defaultMaxLength;
  checkLength(value.length, rule, most, 'characters', path, found);
  // PostgreSQL keeps no such text, and C reads no further.
  if (value.includes('\0')) found.push({ field: path, code: 'nul', message: 'must not have the character U+0000' });
  if (!rule || value.length > most) return;
  if (rule.pattern && !patternOf(rule.pattern).test(value))
    found.push({ field: path, code: 'pattern', message: `must match ${rule.pattern}` });
  const format = formats[rule.format];
  if (format && !format.pattern.test(value))
    found.push({ field: path, code: format.code, message: `must be ${format.means}` });
}

const patterns = new Map<string, RegExp>();

function patternOf(source: string): RegExp {
  const known = patterns.get(source) ?? new RegExp(`^(?:${source})$`, 'u');
  patterns.set(source, known);
  return known;
}

/** Each format as a linear-time expression, the code of its violation, and words for a person. */
export const formats: Readonly<Record<Format, { pattern: RegExp; code: string; means: string } | undefined>> = {
  [Format.UNSPECIFIED]: undefined,
  [Format.DIGEST]: {
    pattern: /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/,
    code: 'digest',
    means: 'a digest such as sha256:… in lower-case hex',
  },
  [Format.UUID]: {
    pattern: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
    code: 'uuid',
    means: 'a UUID',
  },
  [Format.DNS_LABEL]: {
    pattern: /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    code: 'dns_label',
    means: 'lower-case letters, digits and "-", at most 63',
  },
  [Format.PLATFORM]: {
    pattern: /^[a-z0-9]+\/[a-z0-9_]+(?:\/[a-z0-9.]+)?$/,
    code: 'platform',
    means: 'a platform such as linux/amd64',
  },
  [Format.EMAIL]: {
    pattern: /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-zA-Z0-9-]{1,63}(?:\.[a-zA-Z0-9-]{1,63}){0,8}$/,
    code: 'email',
    means: 'an e-mail address',
  },
};
