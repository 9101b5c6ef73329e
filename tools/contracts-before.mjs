import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const contracts = ['proto', 'third_party/proto', 'buf.yaml'];

/**
 * The contracts as they were before the latest change to them, in a directory of its own: those of the last commit
 * when the tree has changed ones, else those before the commit that changed them last. `skipped` says why there are
 * none. A commit that breaks them on purpose says so with the trailer "Breaks-contract: <why>".
 */
export async function contractsBefore(root) {
  const git = async (...args) => (await run('git', args, { cwd: root })).stdout.trim();
  const nothing = (skipped) => ({ skipped, [Symbol.asyncDispose]: async () => {} });
  let commit;
  try {
    const isChanged = (await git('status', '--porcelain', '--', 'proto')) !== '';
    const changing = await git('log', '-1', '--format=%H', '--', 'proto');
    const why = isChanged ? '' : await git('log', '-1', '--format=%(trailers:key=Breaks-contract,valueonly)', changing);
    if (why) return nothing(`${changing.slice(0, 12)} breaks them on purpose: ${why}`);
    commit = isChanged ? 'HEAD' : `${changing}~1`;
    await git('cat-file', '-e', `${commit}:proto`);
  } catch {
    return nothing('the history holds no earlier ones');
  }
  const directory = await mkdtemp(join(tmpdir(), 'gabion-contracts-'));
  const archive = join(directory, 'contracts.tar');
  await git('archive', '--output', archive, commit, '--', ...contracts);
  await run('tar', ['-xf', archive, '-C', directory]);
  return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
}
