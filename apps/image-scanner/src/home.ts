import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Credentials } from '@gabion/oci/credentials';

/**
 * What only this data directory can open: uploaded files, and credentials sealed with its key. `id` names the
 * directory, so that a scan that needs it goes to a replica which has it.
 */
export class Home {
  readonly directory: string;
  readonly id: string;
  readonly #key: Buffer;

  private constructor(directory: string, secret: Buffer) {
    this.directory = directory;
    this.id = derived(secret, 'home id', 12).toString('hex');
    this.#key = derived(secret, 'credentials', 32);
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

  /** AES-256-GCM; `about` (the scan's id) is bound to it, so that a sealed value is worth nothing in another row. */
  seal(credentials: Credentials, about: string): Buffer {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(about));
    const sealed = Buffer.concat([cipher.update(JSON.stringify(credentials)), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  unseal(sealed: Buffer, about: string): Credentials {
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, 12)).setAAD(Buffer.from(about));
    decipher.setAuthTag(sealed.subarray(12, 28));
    return JSON.parse(Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]).toString());
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

function derived(secret: Buffer, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `gabion image-scanner ${purpose}`, bytes));
}
