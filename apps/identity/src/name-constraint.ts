import { AsnConvert } from '@peculiar/asn1-schema';
import {
  GeneralName,
  GeneralSubtree,
  GeneralSubtrees,
  id_ce_nameConstraints,
  NameConstraints,
} from '@peculiar/asn1-x509';
import { Extension } from '@peculiar/x509';

/**
 * Keeps an authority within its trust domain: URIs of another host under it are not valid (RFC 5280 §4.2.1.10). DNS
 * names stay open, since every installation reaches its services under names of its own.
 */
export function uriConstraint(host: string): Extension {
  const permittedSubtrees = new GeneralSubtrees([
    new GeneralSubtree({ base: new GeneralName({ uniformResourceIdentifier: host }) }),
  ]);
  return new Extension(id_ce_nameConstraints, true, AsnConvert.serialize(new NameConstraints({ permittedSubtrees })));
}
