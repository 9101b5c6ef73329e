import { suseName } from '../ecosystem-name.ts';
import { isRecord, recordsOf, textOf } from '../json.ts';

/** What a product of a CSAF document is, as far as packages matter. */
export interface CsafPackage {
  readonly ecosystem: string;
  readonly name: string;
  /** Epoch, version and release; empty where the product is the package in any version. */
  readonly evr: string;
  /** The package manager's word, `src` for source packages; empty where it is not told. */
  readonly architecture: string;
  /** `nodejs:16`; empty outside modules. */
  readonly module: string;
}

interface Component {
  readonly name: string;
  readonly evr: string;
  readonly architecture: string;
  readonly module: string;
}

interface Relationship {
  readonly component: string;
  readonly parent: string;
}

// Documents nest branches five deep (vendor, family, name, architecture, version) and relationships two.
const maxDepth = 16;

/** The products of a CSAF document's tree: what `AppStream-8.9.0.GA:nodejs-1:16.20.2-2.el8.x86_64` stands for. */
export class CsafProducts {
  readonly #ecosystems = new Map<string, string>();
  readonly #components = new Map<string, Component>();
  readonly #relationships = new Map<string, Relationship>();

  constructor(tree: unknown) {
    if (!isRecord(tree)) return;
    this.#addBranches(tree.branches, 0);
    for (const each of recordsOf(tree.full_product_names)) this.#addProduct(each);
    for (const each of recordsOf(tree.relationships)) {
      const product = isRecord(each.full_product_name) ? each.full_product_name : {};
      const [component, parent] = [textOf(each.product_reference), textOf(each.relates_to_product_reference)];
      this.#relationships.set(textOf(product.product_id), { component, parent });
    }
  }

  /** Undefined: the product is no package of a system that is known here. */
  packageOf(productId: string): CsafPackage | undefined {
    const relationship = this.#relationships.get(productId);
    if (!relationship) return undefined;
    const place = this.#placeOf(relationship.parent, 0);
    const component = this.#components.get(relationship.component) ?? componentNamed(relationship.component);
    if (!place || !component) return undefined;
    return { ...component, ecosystem: place.ecosystem, module: component.module || place.module };
  }

  // A package of a module relates to the module, which relates to the product.
  #placeOf(productId: string, depth: number): { ecosystem: string; module: string } | undefined {
    const ecosystem = this.#ecosystems.get(productId);
    if (ecosystem !== undefined) return { ecosystem, module: '' };
    const relationship = this.#relationships.get(productId);
    if (!relationship || depth > maxDepth) return undefined;
    const place = this.#placeOf(relationship.parent, depth + 1);
    const module = this.#components.get(relationship.component)?.module || streamOf(relationship.component);
    return place && { ...place, module: module || place.module };
  }

  #addBranches(branches: unknown, depth: number): void {
    if (depth > maxDepth) return;
    for (const branch of recordsOf(branches)) {
      if (isRecord(branch.product)) this.#addProduct(branch.product);
      this.#addBranches(branch.branches, depth + 1);
    }
  }

  #addProduct(product: Record<string, unknown>): void {
    const id = textOf(product.product_id);
    const helper = isRecord(product.product_identification_helper) ? product.product_identification_helper : {};
    const ecosystem = ecosystemOf(textOf(helper.cpe), textOf(product.name));
    if (ecosystem !== undefined) this.#ecosystems.set(id, ecosystem);
    const component = componentOf(textOf(helper.purl), id);
    if (component) this.#components.set(id, component);
  }
}

// Extended, advanced and telecommunication updates are products of their own, with other fixed versions.
function ecosystemOf(cpe: string, name: string): string | undefined {
  const redHat = /^cpe:(?:\/|2\.3:)[ao]:redhat:enterprise_linux:(\d+)(?:\.\d+)?(?::|$)/.exec(cpe)?.[1];
  if (redHat !== undefined) return `Red Hat:${redHat}`;
  return cpe.includes(':suse:') || cpe.includes(':opensuse:') || cpe === '' ? suseName(name) : undefined;
}

function componentOf(purl: string, id: string): Component | undefined {
  const [, kind = '', path = '', version = '', query = ''] =
    /^pkg:(rpm|rpmmod)\/([^@?#]{1,300})(?:@([^?#]{0,300}))?(?:\?([^#]{0,1000}))?/.exec(purl) ?? [];
  if (kind === '') return undefined;
  const name = unescaped(path.split('/').at(-1)!);
  const qualifiers = new URLSearchParams(query);
  if (kind === 'rpmmod')
    return { name: '', evr: '', architecture: '', module: streamOf(`${name}:${unescaped(version)}`) };
  const epoch = qualifiers.get('epoch') ?? '0';
  const evr = version === '' ? '' : unescaped(version);
  return {
    name,
    evr: epoch === '0' || evr === '' ? evr : `${epoch}:${evr}`,
    architecture: qualifiers.get('arch') ?? (/\.src$/.test(id) ? 'src' : ''),
    module: streamOf(qualifiers.get('rpmmod') ?? ''),
  };
}

/** `kernel-0:4.18.0-553.el8.x86_64`, `openssl-1_1-1.1.1l-150500.17.25.1.x86_64`, `nodejs:16/nodejs`, `openssl`. */
function componentNamed(id: string): Component | undefined {
  const nevra = /^(.{1,200})-(?:(\d+):)?([^-:]{1,200}-[^-:]{1,200})\.([a-z0-9_]+)$/.exec(id);
  if (nevra) {
    const [, name = '', epoch = '0', version = '', architecture = ''] = nevra;
    return { name, evr: epoch === '0' ? version : `${epoch}:${version}`, architecture, module: '' };
  }
  const [, module = '', name = ''] =
    /^(?:([^/]{1,100}:[^/]{1,100})\/)?([A-Za-z0-9][A-Za-z0-9+._-]{0,200})$/.exec(id) ?? [];
  return name === '' ? undefined : { name, evr: '', architecture: '', module: streamOf(module) };
}

/** Name and stream of `nodejs:16:8090020240315081818:a75119d5`; empty for what is no module. */
function streamOf(module: string): string {
  const [name = '', stream = ''] = module.split(':');
  return name !== '' && stream !== '' && !name.includes('-0') && /^[A-Za-z0-9+._-]+$/.test(name)
    ? `${name}:${stream}`
    : '';
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
