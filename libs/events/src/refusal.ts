const tooLarge = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/** The group that events are dead letters of which the broker refuses for ever. */
export const relayGroup = 'relay';

/** Whether the broker will never take these records: larger than their topic allows. kafkajs wraps what the broker said. */
export function isTooLarge(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { type } = cause as { type?: unknown };
    if (typeof type === 'string' && tooLarge.has(type)) return true;
  }
  return false;
}
