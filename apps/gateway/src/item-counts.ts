import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { mostItems } from '@gabion/contracts/rules';
import type { Json } from './json-text.ts';

/** A list or map that has more items than the contract takes. */
export interface TooMany {
  /** Path in the JSON, for example "items[2].labels". */
  readonly field: string;
  readonly count: number;
  readonly most: number;
}

/**
 * Finds a list or map that is too long before messages are made of its items: the service would refuse it, but only
 * after both sides had made them. What else does not fit the message is not looked at.
 */
export function tooMany(schema: DescMessage, json: Json, at = ''): TooMany | undefined {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined;
  for (const field of schema.fields) {
    const value = json[field.jsonName] ?? json[field.name];
    if (value === undefined || value === null) continue;
    const found = inField(field, value, at ? `${at}.${field.jsonName}` : field.jsonName);
    if (found) return found;
  }
  return undefined;
}

function inField(field: DescField, value: Json, path: string): TooMany | undefined {
  if (field.fieldKind === 'message') return tooMany(field.message, value, path);
  const isMany = field.fieldKind === 'list' || field.fieldKind === 'map';
  if (!isMany || typeof value !== 'object' || value === null) return undefined;
  const items = Array.isArray(value) ? value : Object.values(value);
  const most = mostItems(field);
  if (items.length > most) return { field: path, count: items.length, most };
  return field.message && inItems(field.message, items, path);
}

function inItems(schema: DescMessage, items: readonly Json[], path: string): TooMany | undefined {
  for (const [index, item] of items.entries()) {
    const found = tooMany(schema, item, `${path}[${index}]`);
    if (found) return found;
  }
  return undefined;
}
