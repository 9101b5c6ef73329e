import { suseName } from '../ecosystem-name.ts';
import type { Lifecycle } from '../facts.ts';
import { isRecord, recordsOf, textOf } from '../json.ts';

// https://endoflife.date/docs/api: `/api/debian.json` is a list of cycles, `/api/v1/products/debian` has them in `result.releases`.

/** The ecosystem of a release of a product of endoflife.date. */
const products: Readonly<Record<string, (cycle: string) => string | undefined>> = {
  'alma-linux': (cycle) => `AlmaLinux:${cycle}`,
  almalinux: (cycle) => `AlmaLinux:${cycle}`,
  alpine: (cycle) => `Alpine:v${cycle}`,
  'alpine-linux': (cycle) => `Alpine:v${cycle}`,
  'amazon-linux': (cycle) => `Amazon Linux:${cycle === '2018.03' ? '1' : cycle}`,
  'anolis-os': (cycle) => `Anolis OS:${cycle}`,
  'azure-linux': (cycle) => `${Number(cycle) < 3 ? 'Mariner' : 'Azure Linux'}:${cycle}`,
  centos: (cycle) => `CentOS:${cycle}`,
  'centos-stream': (cycle) => `CentOS Stream:${cycle}`,
  debian: (cycle) => `Debian:${cycle}`,
  fedora: (cycle) => `Fedora:${cycle}`,
  opensuse: (cycle) => suseName(`openSUSE Leap ${cycle}`),
  'oracle-linux': (cycle) => `Oracle Linux:${cycle}`,
  photon: (cycle) => `Photon OS:${cycle}`,
  rhel: (cycle) => `Red Hat:${cycle}`,
  'rocky-linux': (cycle) => `Rocky Linux:${cycle}`,
  sles: (cycle) => `SUSE:${cycle}`,
  ubuntu: (cycle) => `Ubuntu:${cycle}`,
};

/** Whether a parsed document is a product of endoflife.date, by either version of its interface. */
export function isEndOfLife(document: unknown): boolean {
  return cyclesOf(document).some(
    (cycle) => ('cycle' in cycle && 'eol' in cycle) || ('name' in cycle && 'eolFrom' in cycle),
  );
}

/** Reads a product; a text says why it cannot be read. The first interface names the product by the file only. */
export function readEndOfLife(document: unknown, path: string): Lifecycle[] | string {
  const result = isRecord(document) && isRecord(document.result) ? document.result : {};
  const product = textOf(result.name) || /([a-z0-9-]+)(?:\.json)?(?:\.gz)?$/.exec(path)?.[1] || '';
  if (!Object.hasOwn(products, product)) return `no distribution is called "${product.slice(0, 60)}"`;
  return cyclesOf(document).flatMap((cycle) => {
    const ecosystem = products[product]!(textOf(cycle.cycle) || textOf(cycle.name));
    const endOfLife = dayOf(cycle.eol) || dayOf(cycle.eolFrom);
    if (ecosystem === undefined || endOfLife === '') return [];
    const extendedSupport = dayOf(cycle.extendedSupport) || dayOf(cycle.eoesFrom);
    return [{ ecosystem, endOfLife, ...(extendedSupport > endOfLife ? { extendedSupport } : {}) }];
  });
}

function cyclesOf(document: unknown): Record<string, unknown>[] {
  if (Array.isArray(document)) return recordsOf(document);
  return isRecord(document) && isRecord(document.result) ? recordsOf(document.result.releases) : [];
}

// Booleans stand where no day is known.
function dayOf(value: unknown): string {
  return /^\d{4}-\d{2}-\d{2}$/.test(textOf(value)) ? textOf(value) : '';
}
