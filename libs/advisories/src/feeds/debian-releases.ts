const numbers: ReadonlyMap<string, string> = new Map([
  ['potato', '2.2'],
  ['woody', '3.0'],
  ['sarge', '3.1'],
  ['etch', '4.0'],
  ['lenny', '5.0'],
  ['squeeze', '6.0'],
  ['wheezy', '7'],
  ['jessie', '8'],
  ['stretch', '9'],
  ['buster', '10'],
  ['bullseye', '11'],
  ['bookworm', '12'],
  ['trixie', '13'],
  ['forky', '14'],
  ['duke', '15'],
  ['sid', 'unstable'],
  ['experimental', 'experimental'],
]);

/** The ecosystem of a release of Debian by its codename; unreleased packages are `Debian:unstable`. */
export function debianEcosystem(codename: string): string | undefined {
  const number = numbers.get(codename);
  return number === undefined ? undefined : `Debian:${number}`;
}
