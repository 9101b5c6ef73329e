const prefixes =
  /^(?:DSA|DLA|USN|ALSA|ALBA|ALEA|RLSA|RHSA|RHBA|RHEA|RXSA|SUSE|openSUSE|ELSA|ELBA|ALAS2?(?:023)?|OESA|MGASA)-/;

/**
 * Whether the id is one of a distribution's errata: an update that may mend many vulnerabilities, so that its id is
 * another name of none of them.
 */
export function isErratum(id: string): boolean {
  return prefixes.test(id);
}
