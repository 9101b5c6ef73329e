import { BlockList, isIP, isIPv6 } from 'node:net';

/** Answers the client's address: the peer's, unless that is a trusted proxy that says for whom it asks. */
export type SourceAddress = (peer: string, forwardedFor: string | undefined) => string;

/** Reads X-Forwarded-For from its end, and believes each address only as long as the one that named it is a trusted proxy. */
export function sourceAddress(trustedProxies: readonly string[]): SourceAddress {
  const trusted = new BlockList();
  for (const each of trustedProxies) {
    const [address = '', prefix] = each.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (!isIP(address)) throw new Error(`trusted proxy "${each}" is neither an address nor a CIDR block`);
    if (prefix === undefined) trusted.addAddress(address, family);
    else trusted.addSubnet(address, Number(prefix), family);
  }
  const isTrusted = (address: string) => trusted.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  return (peer, forwardedFor) => {
    let address = plain(peer);
    if (trustedProxies.length === 0 || !forwardedFor) return address;
    for (const hop of forwardedFor.slice(-1024).split(',').reverse()) {
      const next = plain(hop.trim());
      if (!isIP(next) || !isTrusted(address)) return address;
      address = next;
    }
    return address;
  };
}

/** What a budget is kept for: an IPv4 address, or the /64 that one holder of IPv6 has at the least. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const groups = head.split(':').filter(Boolean);
  const rest = (tail ?? '').split(':').filter(Boolean);
  const zeros = tail === undefined ? [] : Array(Math.max(0, 8 - groups.length - rest.length)).fill('0');
  return `${[...groups, ...zeros, ...rest].slice(0, 4).join(':')}::/64`;
}

/** Whether the connection itself comes from this machine. */
export function isLoopback(peer: string): boolean {
  const address = plain(peer);
  return address === '::1' || address.startsWith('127.');
}

function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
