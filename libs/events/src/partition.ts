/**
 * The partition of `key` among `partitions`: murmur2 as Kafka's Java client and kafkajs compute it, so that an event
 * has the same partition in the embedded log and in Kafka.
 */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}

/** 32-bit murmur2 with the seed of org.apache.kafka.common.utils.Utils. */
export function murmur2(data: Buffer): number {
  const m = 0x5bd1e995;
  let hash = 0x9747b28c ^ data.length;
  const whole = data.length & ~3;
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(data.readInt32LE(at), m);
    word = Math.imul(word ^ (word >>> 24), m);
    hash = Math.imul(hash, m) ^ word;
  }
  const rest = data.length - whole;
  if (rest > 0) {
    for (let index = rest - 1; index >= 0; index--) hash ^= data[whole + index]! << (8 * index);
    hash = Math.imul(hash, m);
  }
  hash = Math.imul(hash ^ (hash >>> 13), m);
  return hash ^ (hash >>> 15);
}
