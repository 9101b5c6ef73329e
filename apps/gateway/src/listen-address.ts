/** Takes "host:port" apart; IPv6 hosts stand in brackets. */
export function hostAndPort(address: string): { host: string; port: number } {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(address) ?? [];
  if (!host || Number(port) > 65_535) throw new Error(`"${address}" is not host:port`);
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}
