import type { Random } from './random.ts';

/** Longest input that mutations make of samples: enough for quadratic time to show. */
const maxBytes = 512 * 1024;

/** A sample with one to four changes; equal numbers give equal bytes. */
export function mutated(samples: readonly Buffer[], random: Random): Buffer {
  let bytes = random.of(samples);
  for (let changes = 1 + random.below(4); changes > 0; changes--) {
    bytes = random.of(mutations)(bytes, random, samples);
  }
  return bytes.length > maxBytes ? bytes.subarray(0, maxBytes) : bytes;
}

type Mutation = (bytes: Buffer, random: Random, samples: readonly Buffer[]) => Buffer;

const flippedBits: Mutation = (bytes, random) => {
  const copy = Buffer.from(bytes);
  for (let count = 1 + random.below(8); count > 0 && copy.length > 0; count--) {
    const at = random.below(copy.length);
    copy[at] = copy[at]! ^ (1 << random.below(8));
  }
  return copy;
};

const changedBytes: Mutation = (bytes, random) => {
  const copy = Buffer.from(bytes);
  for (let count = 1 + random.below(4); count > 0 && copy.length > 0; count--)
    copy[random.below(copy.length)] = random.of([0, 0xff, 0x80, 0x7f, 0x20, 0x0a, 0x22, 0x5c, random.below(256)]);
  return copy;
};

const truncated: Mutation = (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1));

const cutOut: Mutation = (bytes, random) => {
  const [start, end] = rangeIn(bytes, random);
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
};

const doubled: Mutation = (bytes, random) => {
  const [start, end] = rangeIn(bytes, random);
  return inserted(bytes, bytes.subarray(start, end), random);
};

/** A short part many times over. */
const repeated: Mutation = (bytes, random) => {
  const start = random.below(bytes.length + 1);
  const part = bytes.subarray(start, start + 1 + random.below(48));
  const times = random.of([50, 500, 5_000, 50_000]);
  if (part.length === 0) return bytes;
  return inserted(bytes, Buffer.alloc(Math.min(part.length * times, maxBytes), part), random);
};

const spliced: Mutation = (bytes, random, samples) => {
  const other = random.of(samples);
  return Buffer.concat([
    bytes.subarray(0, random.below(bytes.length + 1)),
    other.subarray(random.below(other.length + 1)),
  ]);
};

/** Fields of binary formats: sizes, counts, offsets. */
const extremeField: Mutation = (bytes, random) => {
  const width = random.of([2, 4, 8]);
  if (bytes.length < width) return bytes;
  const copy = Buffer.from(bytes);
  const value = random.of([
    0n,
    1n,
    0x7fn,
    0xffn,
    0x7fffn,
    0xffffn,
    0x7fffffffn,
    0xffffffffn,
    -1n,
    BigInt(bytes.length),
  ]);
  const field = Buffer.alloc(8);
  field.writeBigUInt64LE(BigInt.asUintN(64, value));
  const little = field.subarray(0, width);
  // Fields are mostly aligned.
  const at = random.below(Math.floor((copy.length - width) / 2) + 1) * 2;
  (random.below(2) === 0 ? little : Buffer.from(little).reverse()).copy(copy, at);
  return copy;
};

const texts = [
  '[',
  '{',
  '{"a":',
  '<a>',
  '(',
  '((',
  '- ',
  '! ',
  '&a *a',
  '..',
  '../',
  '%',
  '%2',
  '\\u0000',
  '\\ud800',
  '$'.concat('{a}'),
  '"""',
  '\u2028',
  '99999999999999999999999999',
  '-1',
  '1e999',
  'NaN',
  '0x',
  '__proto__',
  'constructor',
  'null',
  '""',
  '\0',
  '\r',
  ':',
  '=',
  '\n\n',
  '~',
  '^',
];

const insertedText: Mutation = (bytes, random) => {
  const text = random.of(texts);
  return inserted(bytes, Buffer.from(text.repeat(random.of([1, 1, 2, 100, 20_000]))), random);
};

/** Overlong, lone and cut sequences. */
const invalidUtf8: Mutation = (bytes, random) => {
  const sequences = ['c0af', 'eda080', 'f8888080', 'e282', 'ff', 'fffe', 'efbbbf', 'f4908080'];
  return inserted(bytes, Buffer.from(random.of(sequences), 'hex'), random);
};

const exchangedLines: Mutation = (bytes, random) => {
  const lines = bytes.toString('latin1').split('\n');
  const [a, b] = [random.below(lines.length), random.below(lines.length)];
  [lines[a], lines[b]] = [lines[b]!, lines[a]!];
  return Buffer.from(lines.join('\n'), 'latin1');
};

const changedNumber: Mutation = (bytes, random) => {
  const text = bytes.toString('latin1');
  const numbers = [...text.slice(0, 64 * 1024).matchAll(/\d+/g)];
  if (numbers.length === 0) return bytes;
  const { index, 0: found } = random.of(numbers);
  const value = random.of([
    '0',
    '-1',
    '4294967296',
    '9'.repeat(400),
    '00000000',
    '1.5',
    '9007199254740993',
    'true',
    '{}',
    '[]',
  ]);
  return Buffer.from(text.slice(0, index) + value + text.slice(index + found.length), 'latin1');
};

const mutations: readonly Mutation[] = [
  flippedBits,
  changedBytes,
  changedBytes,
  truncated,
  cutOut,
  doubled,
  repeated,
  spliced,
  extremeField,
  extremeField,
  insertedText,
  invalidUtf8,
  exchangedLines,
  changedNumber,
];

function rangeIn(bytes: Buffer, random: Random): [start: number, end: number] {
  const start = random.below(bytes.length + 1);
  return [start, Math.min(bytes.length, start + random.below(random.of([8, 64, 4096])))];
}

function inserted(bytes: Buffer, part: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), part, bytes.subarray(at)]);
}
