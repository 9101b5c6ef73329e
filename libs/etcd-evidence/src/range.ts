import type { Census } from './census.ts';
import { EvidenceError } from './evidence-error.ts';

/** Takes what `etcdctl get --prefix … -w json`, or etcd's gateway, answers into the census; the last key, or undefined of none. */
export function takeRange(census: Census, json: string): string | undefined {
  const kvs = (object(parsed(json)).kvs ?? []) as unknown;
  if (!Array.isArray(kvs)) throw invalid('kvs is no list');
  let last: string | undefined;
  for (const each of kvs) {
    const { key, value } = object(each);
    last = bytesIn(key, 'key').toString('utf8');
    // An empty value is left out of the JSON.
    census.add(last, bytesIn(value ?? '', 'value'));
  }
  return last;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw invalid('it is no JSON');
  }
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw invalid('an object is missing');
}

function bytesIn(value: unknown, what: string): Buffer {
  if (typeof value !== 'string') throw invalid(`a ${what} is no text`);
  const bytes = Buffer.from(value, 'base64');
  if (bytes.toString('base64') !== value) throw invalid(`a ${what} is no base64`);
  return bytes;
}

function invalid(why: string): EvidenceError {
  return new EvidenceError(`the answer of etcd cannot be read: ${why}`);
}
