import { randomBytes, randomInt } from 'node:crypto';
import { SecretService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import type { Connection } from '@gabion/rpc/client';
import { as, codeOf, type Lane } from './lane.ts';

/** What a read of each state answers. */
const answers = { deleted: 'secret_version_deleted', destroyed: 'secret_version_destroyed' } as const;

interface Kept {
  readonly text: string;
  readonly version: number;
  readonly state: 'live' | keyof typeof answers;
}

/** Secrets by path: put, deleted, brought back and destroyed. */
export class SecretLane implements Lane {
  readonly #kept = new Map<string, Kept>();
  /** Versions whose destruction was acknowledged: they never come back. */
  readonly #destroyed: { readonly path: string; readonly version: number }[] = [];
  #deletions = 0;

  async work(connection: Connection): Promise<void> {
    const path = `kills/${randomInt(20)}`;
    const before = this.#kept.get(path);
    // What is not acknowledged may have happened or not.
    this.#kept.delete(path);
    this.#kept.set(path, await this.#next(connection, path, before));
  }

  async lost(connection: Connection): Promise<string[]> {
    const secrets = connection.client(SecretService);
    const found: string[] = [];
    for (const [path, { text, state }] of this.#kept) {
      const read = secrets.readSecret({ path }, as);
      const answer = state === 'live' ? Buffer.from((await read).data.text ?? []).toString() : await codeOf(read);
      if (answer !== (state === 'live' ? text : answers[state])) found.push(`secret ${path}, ${state}: ${answer}`);
    }
    for (const { path, version } of this.#destroyed.slice(-30)) {
      const answer = await codeOf(secrets.readSecret({ path, version }, as));
      if (answer !== answers.destroyed) found.push(`destroyed version ${version} of ${path}: ${answer}`);
    }
    return found;
  }

  get told(): string {
    return `${this.#kept.size} secrets, ${this.#deletions} deletions, ${this.#destroyed.length} destructions`;
  }

  async #next(connection: Connection, path: string, before: Kept | undefined): Promise<Kept> {
    const secrets = connection.client(SecretService);
    const choice = randomInt(4);
    if (!before || before.state === 'destroyed' || choice < 2) {
      const text = randomBytes(16).toString('hex');
      const { currentVersion } = await secrets.putSecret({ path, data: { text: Buffer.from(text) } }, as);
      return { text, version: currentVersion, state: 'live' };
    }
    const request = { path, versions: [before.version] };
    if (choice === 2) {
      await secrets.destroySecretVersions(request, as);
      this.#destroyed.push({ path, version: before.version });
      return { ...before, state: 'destroyed' };
    }
    if (before.state === 'deleted') {
      await secrets.undeleteSecretVersions(request, as);
      return { ...before, state: 'live' };
    }
    await secrets.deleteSecretVersions(request, as);
    this.#deletions++;
    return { ...before, state: 'deleted' };
  }
}
