const prefixes =
  /^(?:DSA|DLA|ELA|USN|ALSA|ALBA|ALEA|RLSA|RLBA|RLEA|RHSA|RHBA|RHEA|RXSA|SUSE|openSUSE|ELSA|ELBA|ELEA|ALAS\w*|OESA|MGASA|FEDORA\w*|PHSA|ANSA|ASA|KPATCH\w*|LSN|XSA)-/;

/**
 * Whether the id is one of a distribution's errata or Xen's advisories: an update that may mend many vulnerabilities, so that its id is
 * another name of none of them.
 */
export function isErratum(id: string): boolean {
  return prefixes.test(id);
}

/** Whether the erratum mends bugs or adds features, by the kind that its id names. */
export function isBugFix(id: string): boolean {
  return /^(?:AL|RH|RL|EL)(?:BA|EA)-/.test(id);
}

/** The vulnerabilities that an erratum is about: the CVEs it names, else itself unless it only mends bugs. */
export function vulnerabilitiesOfErratum(id: string, named: readonly string[]): string[] {
  const cves = [...new Set(named.filter((name) => name.startsWith('CVE-')))];
  return cves.length > 0 || isBugFix(id) ? cves : [id];
}
