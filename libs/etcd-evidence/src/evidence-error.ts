/** An answer of etcd that cannot be read: `range_invalid`. */
export class EvidenceError extends Error {
  override readonly name = 'EvidenceError';
  readonly code = 'range_invalid';
}
