import { hkdfSync, randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * What only this data directory has: uploaded files. `id` names the directory, so that a scan that needs it goes to a
 * replica which has it.
 */
export class Home {
  readonly directory: string;
  readonly id: string;

  private constructor(directory: string, secret: Buffer) {
    this.directory = directory;
    this.id = idOf(secret);
  }

  /** Opens the data directory; its secret is made at the first start and readable by its owner alone. */
  static async open(dataDir: string): Promise<Home> {
    await mkdir(join(dataDir, 'spool'), { recursive: true, mode: 0o700 });
    return new Home(dataDir, await secretIn(join(dataDir, 'home.key')));
  }

  /** Where files wait that arrive in pieces. */
  get spool(): string {
    return join(this.directory, 'spool');
  }

  uploadPath(uploadId: string): string {
    return join(this.spool, `${uploadId}.upload`);
  }
}

async function secretIn(path: string): Promise<Buffer> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, randomBytes(32), { mode: 0o600, flush: true });
  try {
    // Of two replicas that share a directory and start together, the first one decides.
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  const secret = await readFile(path);
  if (secret.length !== 32) throw new Error(`${path} is damaged: it should hold 32 bytes`);
  return secret;
}

function idOf(secret: Buffer): string {
  return Buffer.from(hkdfSync('sha256', secret, '', 'gabion image-scanner home id', 12)).toString('hex');
}
