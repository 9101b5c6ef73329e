/** How two versions stand: the first is lower, equal or higher. */
export type Comparison = -1 | 0 | 1;

/**
 * The version order of one ecosystem. `compare` never throws and takes time linear in its arguments; on versions that
 * are not valid it is still an order, but one that no specification backs, so ask `isValid` before trusting it.
 */
export interface VersionOrder {
  compare(a: string, b: string): Comparison;
  isValid(version: string): boolean;
}
