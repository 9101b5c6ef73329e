import { isRecord, recordsOf, textOf, textsOf } from '@gabion/advisories/json';
import { componentOf, isNamed } from './component-name.ts';
import type { Component, Product } from './statement.ts';
import { VexError } from './vex-error.ts';

type Json = Record<string, unknown>;

const maxProducts = 500_000;
// CSAF 2.0, 3.1.2.2: branches may nest 30 deep.
const maxDepth = 40;

/** The product tree of a CSAF document (2.0, 3.2.2) by product id. */
export class CsafProducts {
  readonly #names = new Map<string, Component>();
  readonly #relations = new Map<string, { part: string; whole: string }>();
  readonly #groups = new Map<string, string[]>();

  constructor(tree: Json) {
    for (const each of recordsOf(tree.full_product_names)) this.#take(each, []);
    this.#walk(recordsOf(tree.branches), [], 0);
    for (const each of recordsOf(tree.relationships)) {
      const { full_product_name: name, product_reference: part, relates_to_product_reference: whole } = each;
      if (!isRecord(name)) continue;
      this.#take(name, []);
      this.#relations.set(textOf(name.product_id), { part: textOf(part), whole: textOf(whole) });
    }
    for (const each of recordsOf(tree.product_groups))
      this.#groups.set(textOf(each.group_id), textsOf(each.product_ids));
  }

  group(id: string): readonly string[] {
    return this.#groups.get(id) ?? [];
  }

  /** The product of an id; undefined where nothing could be recognised by what the tree says of it. */
  product(id: string): Product | undefined {
    const relation = this.#relations.get(id);
    const own = this.#names.get(id);
    if (own && isNamed(own)) return { ...own, subcomponents: [] };
    if (!relation) return undefined;
    const [part, whole] = [this.#names.get(relation.part), this.#names.get(relation.whole)];
    if (!part || !isNamed(part)) return undefined;
    if (whole && isNamed(whole)) return { ...whole, subcomponents: [part] };
    // The whole is an operating system that only a CPE names: without a version the part could be of any release.
    const isVersioned =
      part.versions.length > 0 || part.purls.every((purl) => /@/.test(purl.replace(/^pkg:[^/]+\/@/, '')));
    return isVersioned ? { ...part, subcomponents: [] } : undefined;
  }

  #walk(branches: readonly Json[], versions: readonly string[], depth: number): void {
    if (depth > maxDepth) throw new VexError('vex_too_deep', `branches nested deeper than ${maxDepth}`);
    for (const branch of branches) {
      const isRange = branch.category === 'product_version_range';
      const meant = isRange ? [textOf(branch.name)].filter((name) => name.startsWith('vers:')) : versions;
      if (isRecord(branch.product)) this.#take(branch.product, meant);
      this.#walk(recordsOf(branch.branches), meant, depth + 1);
    }
  }

  #take(name: Json, versions: readonly string[]): void {
    if (this.#names.size >= maxProducts) throw new VexError('vex_too_large', `over ${maxProducts} products`);
    const helper = isRecord(name.product_identification_helper) ? name.product_identification_helper : {};
    const hashes = recordsOf(helper.hashes).flatMap(({ file_hashes }) => recordsOf(file_hashes));
    const digests = hashes.filter(({ algorithm }) => algorithm === 'sha256').map(({ value }) => textOf(value));
    // 2.1 made a list of the purl.
    const purls = [textOf(helper.purl), ...textsOf(helper.purls)];
    this.#names.set(textOf(name.product_id), componentOf([...purls, ...digests], versions));
  }
}
