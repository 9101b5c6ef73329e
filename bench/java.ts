// How fast the jars of an application are read: 500 of them side by side, in a war, and in archives nested ten deep.
//   node --conditions=source bench/java.ts
import { packagesOfJavaArchive } from '@gabion/inventory/java/java-archive';
import { strToU8, zipSync } from 'fflate';

const jars = 500;
const classes = 400;

const made = Array.from({ length: jars }, (_, index) => [`lib-${index}-1.${index}.jar`, jar(index)] as const);
const bytes = made.reduce((sum, [, jar]) => sum + jar.length, 0);
console.log(`${jars} jars of ${classes} classes, ${(bytes / 1e6).toFixed(0)} MB`);
measure('side by side', () => made.flatMap(([name, jar]) => packagesOfJavaArchive(jar, name).packages).length);
const stored = zip(Object.fromEntries(made.map(([name, jar]) => [`BOOT-INF/lib/${name}`, jar])), 0);
measure('in a Spring Boot jar (stored)', () => packagesOfJavaArchive(stored, 'app.jar').packages.length);
const deflated = zip(Object.fromEntries(made.map(([name, jar]) => [`WEB-INF/lib/${name}`, jar])), 6);
measure('in a war (deflated)', () => packagesOfJavaArchive(deflated, 'app.war').packages.length);
let nested = deflated;
for (let depth = 0; depth < 10; depth++) nested = zip({ [`inner-${depth}.jar`]: nested }, 6);
measure('in a war ten archives deep', () => packagesOfJavaArchive(nested, 'app.jar').packages.length);
let deep = jar(0);
for (let depth = 0; depth < 100; depth++) deep = zip({ [`inner-${depth}.jar`]: deep }, 6);
measure('nested a hundred deep (refused)', () => packagesOfJavaArchive(deep, 'deep.jar').packages.length);
console.log(`highest RSS of the process ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB`);

function jar(index: number): Buffer {
  const name = `lib-${index}`;
  const pom = `META-INF/maven/org.example/${name}/pom.properties`;
  const files: Record<string, Uint8Array> = {
    'META-INF/MANIFEST.MF': strToU8(`Manifest-Version: 1.0\r\nImplementation-Version: 1.${index}\r\n\r\n`),
    [pom]: strToU8(`groupId=org.example\nartifactId=${name}\nversion=1.${index}\n`),
  };
  for (let each = 0; each < classes; each++)
    files[`org/example/lib${index}/Class${each}.class`] = strToU8(`class ${each} `.repeat(100));
  return zip(files, 6);
}

function zip(files: Record<string, Uint8Array>, level: 0 | 6): Buffer {
  return Buffer.from(zipSync(files, { level }));
}

function measure(what: string, work: () => number): void {
  const start = performance.now();
  const found = work();
  console.log(`${what.padEnd(34)} ${found} packages  ${((performance.now() - start) / 1000).toFixed(3)} s`);
}
