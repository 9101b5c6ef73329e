import { after, type Program } from './program.ts';

const release = '\\d[.\\d]{0,8}';
const update = '1\\.\\d\\.0_\\d{1,3}(?:-[\\w.]{1,24})?';
const modern = '\\d{1,2}(?:\\.\\d{1,3}){0,4}(?:-(?:ea|beta))?\\+\\d{1,3}(?:-[\\w.+-]{1,32})?';
const jvmci = '\\d{1,2}(?:\\.\\d{1,3}){0,3}\\+\\d{1,3}-jvmci-[\\w.]{1,16}-b\\d{1,3}';

/** The launchers `java` and `jdb`, for a runtime whose `release` file is not there. */
export const javaRuntimes: readonly Program[] = [launcher('java', 'jre'), launcher('jdb', 'jdk')];

function launcher(file: string, unbranded: string): Program {
  return {
    name: 'openjdk',
    path: new RegExp(`(?:^|/)${file}$`),
    evidence: [
      { anchor: '-jvmci-', pattern: new RegExp(`\\0(${jvmci})\\0`), name: 'graalvm' },
      // amd64 and arm64 have these four strings in another order.
      { anchor: 'openjdk\0java\0', pattern: new RegExp(`openjdk\\0java\\0${release}\\0(${update}|${modern})\\0`) },
      { anchor: 'openjdk\0java', pattern: new RegExp(`\\0(${update}|${modern})\\0{1,16}openjdk\\0java`) },
      { anchor: 'openjdk', pattern: new RegExp(`\\0(${modern})\\0`), name: unbranded },
      {
        anchor: 'IBM_JAVA',
        pattern: new RegExp(`\\0java\\0{1,16}${release}\\0{1,16}(1\\.[\\w.-]{1,60})\\0`),
        name: 'java',
      },
      { anchor: '1.', pattern: new RegExp(`\\0(${update})\\0`), name: unbranded },
      { pattern: new RegExp(`\\0(${modern})\\0`), name: unbranded },
      { anchor: '-foreman_', pattern: /\0(1\.\d\.0-foreman_[\w-]{1,40})\0/, name: 'java' },
    ],
  };
}

/** What the `release` file at the root of a runtime says, by who built it. */
export const javaReleases: readonly Program[] = [
  {
    name: 'openjdk',
    path: /(?:^|\/)release$/,
    isText: true,
    evidence: [
      distribution('graalvm', /GRAALVM_VERSION="(\d{2}\.[\d.]{1,12})"/, 'GRAALVM_VERSION='),
      distribution('temurin', named('(?:Eclipse (?:Adoptium|Foundation)|AdoptOpenJDK|Temurin)')),
      distribution('corretto', named('Amazon[^"\\n]{0,40}')),
      distribution('zulu', named('Azul[^"\\n]{0,40}')),
      distribution('liberica', named('BellSoft')),
      distribution('semeru', named('(?:IBM|International Business)[^"\\n]{0,60}')),
      distribution('microsoft-openjdk', named('Microsoft[^"\\n]{0,40}')),
      distribution('sapmachine', named('SAP SE')),
      after('JAVA_VERSION="', '[\\w.+-]{1,40}', '"'),
    ],
  },
];

function distribution(name: string, pattern: RegExp, anchor = 'JAVA_VERSION=') {
  return { name, pattern, anchor };
}

/** The file has its lines in the order of their names, some 20 of them. */
function named(vendor: string): RegExp {
  return new RegExp(`IMPLEMENTOR="${vendor}"[\\s\\S]{0,800}?JAVA_VERSION="([\\w.+-]{1,40})"`);
}
