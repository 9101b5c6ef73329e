import { lookup } from 'node:dns';
import { lookup as addressesOf } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { OciError } from './oci-error.ts';

/** Whether a connection to an IP address may be made; asked for each address that a name resolves to, without its zone. */
export type AddressFilter = (address: string) => boolean;

/**
 * The name resolution of a connection to `host`, so that the address which is judged is the one that is connected to.
 * Other names are those of a proxy, which its owner chose.
 */
export function filteredLookup(host: string, allows: AddressFilter): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      const refusal = error ?? (hostname === host ? refusalOf(hostname, addresses, allows) : undefined);
      if (refusal) callback(refusal, '', 0);
      else if (options.all) callback(null, addresses);
      else callback(null, addresses[0]!.address, addresses[0]!.family);
    });
  };
}

/** Refuses a host that is itself an address, for which nothing is resolved. */
export function checkLiteral(host: string, allows: AddressFilter): void {
  const refusal = isIP(host) ? refusalOf(host, [{ address: host }], allows) : undefined;
  if (refusal) throw refusal;
}

/** Refuses a name which a proxy is about to resolve, as far as it is known here too. */
export async function checkProxied(host: string, allows: AddressFilter): Promise<void> {
  const addresses = await addressesOf(host, { all: true }).catch(() => []);
  const refusal = refusalOf(host, addresses, allows);
  if (refusal) throw refusal;
}

/** The host of a URL as the system resolves it: without the brackets of an IPv6 address. */
export function hostIn(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

function refusalOf(
  host: string,
  addresses: readonly { readonly address: string }[],
  allows: AddressFilter,
): OciError | undefined {
  const refused = addresses.find(({ address }) => !allows(address.split('%')[0]!));
  if (!refused) return undefined;
  const where = refused.address === host ? host : `${host} is at ${refused.address}, which`;
  return new OciError('address_refused', `${where} must not be connected to`);
}
