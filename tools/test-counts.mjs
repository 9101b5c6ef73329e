import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/**
 * Jest reporter: writes what a package's run counted to `.gabion/tests.json` in the package, where `gabion test` sums
 * it up. Nx keeps the file as an output of the task, so a run that is answered from the cache has its counts too.
 */
export default class TestCounts {
  #rootDir;

  constructor({ rootDir }) {
    this.#rootDir = rootDir;
  }

  onRunComplete(_contexts, results) {
    const cases = results.testResults.flatMap((suite) =>
      suite.testResults.map((each) => ({ ...each, file: relative(this.#rootDir, suite.testFilePath) })),
    );
    const named = (status) => cases.filter((each) => each.status === status).map(nameOf);
    const broken = results.testResults
      .filter((suite) => suite.testExecError)
      .map((suite) => ({ file: relative(this.#rootDir, suite.testFilePath), suite: '', name: 'does not run' }));
    const counts = {
      passed: results.numPassedTests,
      failed: [...named('failed'), ...broken],
      skipped: [...named('pending'), ...named('todo')],
    };
    mkdirSync(join(this.#rootDir, '.gabion'), { recursive: true });
    writeFileSync(join(this.#rootDir, '.gabion', 'tests.json'), `${JSON.stringify(counts, null, 2)}\n`);
  }
}

function nameOf({ file, ancestorTitles, title }) {
  return { file, suite: ancestorTitles[0] ?? '', name: [...ancestorTitles, title].join(' › ') };
}
