/** Takes "host:port" apart; IPv6 hosts stand in brackets. */
export function hostAndPort(address: string): { host: string; port: number } {
  const cut = address.lastIndexOf(':');
  const port = Number(address.slice(cut + 1));
  if (cut < 1 || !Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`"${address}" is not host:port`);
  return { host: address.slice(0, cut).replace(/^\[|\]$/g, ''), port };
}
