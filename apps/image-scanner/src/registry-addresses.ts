import { BlockList, isIPv6 } from 'node:net';
import type { AddressFilter } from '@gabion/oci/address-filter';

/** Where registries may be; `allowPrivate` covers loopback and private networks, where registries are commonly found. */
export function registryAddresses(allowPrivate: boolean): AddressFilter {
  return (address) => {
    const kind = isIPv6(address) ? 'ipv6' : 'ipv4';
    return !never.check(address, kind) && (allowPrivate || !privateAddresses.check(address, kind));
  };
}

/**
 * Where no registry is: link-local addresses, at which clouds answer with credentials of the machine, and addresses
 * that are nobody's.
 */
const never = new BlockList();
never.addSubnet('169.254.0.0', 16);
never.addSubnet('0.0.0.0', 8);
never.addSubnet('224.0.0.0', 4);
never.addAddress('100.100.100.200');
never.addAddress('192.0.0.192');
never.addSubnet('fe80::', 10, 'ipv6');
never.addSubnet('ff00::', 8, 'ipv6');
never.addAddress('fd00:ec2::254', 'ipv6');
never.addAddress('::', 'ipv6');

const privateAddresses = new BlockList();
privateAddresses.addSubnet('127.0.0.0', 8);
privateAddresses.addSubnet('10.0.0.0', 8);
privateAddresses.addSubnet('172.16.0.0', 12);
privateAddresses.addSubnet('192.168.0.0', 16);
privateAddresses.addSubnet('100.64.0.0', 10);
privateAddresses.addAddress('::1', 'ipv6');
privateAddresses.addSubnet('fc00::', 7, 'ipv6');
