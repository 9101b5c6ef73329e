import { createHash } from 'node:crypto';
import type { Package } from '@gabion/inventory/package';

/** What advisories can tell apart about an installed package: the same wherever it is installed. */
export type Component = Pick<
  Package,
  'type' | 'ecosystem' | 'name' | 'version' | 'sourceName' | 'sourceVersion' | 'architecture' | 'module'
>;

/** Stands for a component: equal if and only if all of it is. */
export function componentDigest(component: Component): Buffer {
  const { type, ecosystem, name, version, sourceName, sourceVersion, architecture, module } = component;
  const facts = [type, ecosystem, name, version, sourceName, sourceVersion, architecture, module];
  return createHash('sha256').update(JSON.stringify(facts)).digest().subarray(0, 16);
}
