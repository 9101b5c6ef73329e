import { type Check, type CheckedImage, cis, type Violation } from './check.ts';
import { type Instruction, instructionsOf } from './instruction.ts';
import { isSecretName } from './secret-name.ts';

/** Checks of the instructions that an image was built with. */
export const buildChecks: readonly Check[] = [
  {
    id: 'GABION-IMG-0009',
    title: 'ADD instead of COPY',
    severity: 'low',
    remediation: 'Use COPY; fetch archives with a checksum (ADD --checksum) or in a build stage of their own.',
    benchmarks: [cis('4.9')],
    violations: (image) => each(image, 'ADD', (argument) => !/\s\/$/.test(argument) && !/--checksum=/.test(argument)),
  },
  {
    id: 'GABION-IMG-0007',
    title: 'package lists updated in an instruction of their own',
    severity: 'low',
    remediation: 'Update and install in one RUN, else a cached layer brings old versions.',
    benchmarks: [cis('4.7')],
    violations: (image) => each(image, 'RUN', (command) => updates.test(command) && !installs.test(command)),
  },
  {
    id: 'GABION-IMG-0011',
    title: 'build argument with a secret',
    severity: 'high',
    remediation: 'Use RUN --mount=type=secret; build arguments stay readable in the history. Replace the secret.',
    benchmarks: [cis('4.10')],
    *violations(image) {
      for (const { buildArguments, layer } of instructionsOf(image)) {
        const names = buildArguments.filter(isSecretName);
        if (names.length > 0) yield { message: `the history holds the value of ${names.join(', ')}`, ...at(layer) };
      }
    },
  },
  {
    id: 'GABION-IMG-0012',
    title: 'downloaded script run unseen',
    severity: 'medium',
    remediation: 'Download, check a digest or signature, then run.',
    benchmarks: [cis('4.11')],
    violations: (image) =>
      each(image, 'RUN', (command) =>
        /\b(?:curl|wget)\b[^|;&\n]{0,2000}\|\s*(?:sudo\s+)?(?:ba|z|da|k)?sh\b/.test(command),
      ),
  },
  {
    id: 'GABION-IMG-0013',
    title: 'verification switched off in the build',
    severity: 'medium',
    remediation: 'Add the certificate authority or key that is missing instead of not verifying.',
    benchmarks: [cis('4.11')],
    violations: (image) => each(image, 'RUN', (command) => unverified.some((pattern) => pattern.test(command))),
  },
  {
    id: 'GABION-IMG-0014',
    title: 'files made writable for everybody',
    severity: 'low',
    remediation: 'Give the files to the user that runs the application: COPY --chown, chmod 755.',
    benchmarks: [],
    violations: (image) => each(image, 'RUN', (command) => /\bchmod\s+(?:-[A-Za-z]+\s+)?0?777\b/.test(command)),
  },
];

const updates = /\b(?:apt-get|apt|apk|yum|dnf|microdnf|zypper)\s+(?:-\S+\s+)*(?:update|refresh)\b/;
const installs =
  /\b(?:apt-get|apt|apk|yum|dnf|microdnf|zypper)\s+(?:-\S+\s+)*(?:install|add|upgrade|in|dist-upgrade)\b/;

const unverified: readonly RegExp[] = [
  /\bcurl\b[^|;&\n]{0,500}\s(?:-[A-Za-z]{0,20}k[A-Za-z]{0,20}|--insecure)(?:\s|$)/,
  /\bwget\s[^|;&\n]{0,500}--no-check-certificate\b/,
  /--trusted-host\b/,
  /--(?:allow-unauthenticated|allow-untrusted|nogpgcheck|no-gpg-checks|force-yes)\b/,
  /\bstrict-ssl\s*=?\s*false\b/,
  /\bhttp\.sslVerify[=\s]+false\b/,
];

function* each(image: CheckedImage, verb: string, isBad: (argument: string) => boolean): Generator<Violation> {
  for (const instruction of instructionsOf(image)) {
    if (instruction.verb !== verb || !isBad(instruction.argument)) continue;
    yield { message: shown(instruction), ...at(instruction.layer) };
  }
}

/** What the instruction is, short; values of variables in it may be secrets. */
function shown({ verb, argument }: Instruction): string {
  const plain = argument
    .replace(/\s+/g, ' ')
    .replace(/\b([A-Za-z_][A-Za-z0-9_]*)=("[^"]{0,4096}"|'[^']{0,4096}'|\S+)/g, '$1=…');
  const safe = plain.replace(/(:\/\/[^/\s:@]+):[^/\s@]+@/g, '$1:…@');
  return `${verb} ${safe.length > 160 ? `${safe.slice(0, 160)}…` : safe}`;
}

function at(layer: number | undefined): { readonly layer?: number } {
  return layer === undefined ? {} : { layer };
}
