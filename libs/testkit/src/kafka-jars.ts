import { execFile } from 'node:child_process';
import { access, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isInstalled } from './server-process.ts';

const run = promisify(execFile);

/** The Kafka that tests run against unless GABION_TEST_KAFKA_VERSION names another. */
export const kafkaVersion = process.env.GABION_TEST_KAFKA_VERSION ?? '4.1.1';

/** Folder with Kafka's jars, fetched from Maven Central once per machine; or why there is none. */
export async function kafkaJars(): Promise<{ jars: string } | { skipped: string }> {
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'gabion', 'kafka', kafkaVersion);
  const jars = join(cache, 'libs');
  if (!(await isInstalled('java'))) return { skipped: 'Kafka needs java 17 or newer, which is not installed' };
  if (await exists(jars)) return { jars };
  if (!(await isInstalled('mvn'))) return { skipped: 'Kafka is fetched by mvn, which is not installed' };
  const partial = join(cache, `partial-${process.pid}`);
  await mkdir(partial, { recursive: true });
  try {
    await fetchInto(partial);
    await rename(join(partial, 'libs'), jars);
  } catch (error) {
    // Another process that fetched at the same time was faster.
    if (await exists(jars)) return { jars };
    return { skipped: `Kafka ${kafkaVersion} could not be fetched: ${(error as Error).message.slice(0, 500)}` };
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return { jars };
}

async function fetchInto(directory: string): Promise<void> {
  const pom = join(directory, 'pom.xml');
  await writeFile(pom, pomOf(kafkaVersion));
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
  const output = `-DoutputDirectory=${join(directory, 'libs')}`;
  await run('mvn', ['-q', '-B', '-f', pom, goal, output, '-DincludeScope=runtime'], { timeout: 600_000 });
}

/** The no-operation binding of slf4j keeps the broker quiet; its version follows the slf4j-api that Kafka brings. */
function pomOf(version: string): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>gabion</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${version}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
