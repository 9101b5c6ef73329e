import { Fault } from '@gabion/rpc/fault';

const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
const dnsName = new RegExp(`^${label}(\\.${label})*$`);

/**
 * The DNS names that a certificate of the service may hold: those whose first label is the service's name, alone or
 * after "gabion-", such as "identity", "identity.gabion.svc" or "gabion-identity". Throws for any other, so that no
 * service gets a certificate for the address of another one.
 */
export function dnsNamesOf(service: string, wanted: readonly string[]): string[] {
  const names = [...new Set(wanted.map((name) => name.toLowerCase()))];
  const at = names.findIndex((name) => !isOwn(service, name));
  if (at < 0) return names;
  const message = `${names[at]} is not a name of ${service}`;
  throw new Fault('permission_denied', message, {
    code: 'dns_name_not_own',
    fields: [{ field: `dnsNames[${at}]`, code: 'dns_name_not_own', message }],
  });
}

function isOwn(service: string, name: string): boolean {
  const first = name.split('.')[0];
  return dnsName.test(name) && (first === service || first === `gabion-${service}`);
}
