import { execFile } from 'node:child_process';
import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Pkcs11Config } from '../src/config.ts';

const libraries = ['/usr/lib/softhsm/libsofthsm2.so', '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so'];
const pin = '1234';

/** A token of SoftHSM2 in `directory`, with its PIN in a file; this process's environment names it from then on. */
export async function softToken(directory: string): Promise<Pkcs11Config> {
  const module = await softHsmLibrary();
  if (!module) throw new Error('SoftHSM2 is not installed');
  const [tokens, configuration, pinFile] = ['tokens', 'softhsm2.conf', 'pin'].map((name) => join(directory, name));
  await mkdir(tokens as string, { recursive: true });
  await writeFile(configuration as string, `directories.tokendir = ${tokens}\nlog.level = ERROR\n`);
  await writeFile(pinFile as string, `${pin}\n`, { mode: 0o600 });
  process.env.SOFTHSM2_CONF = configuration as string;
  const args = ['--init-token', '--free', '--label', 'gabion', '--pin', pin, '--so-pin', '5678'];
  await promisify(execFile)('softhsm2-util', args, { env: process.env });
  return { module, token: 'gabion', key: 'gabion-seal', pinFile: pinFile as string };
}

/** Where the library of SoftHSM2 is; undefined where it is not installed. */
export async function softHsmLibrary(): Promise<string | undefined> {
  for (const path of libraries)
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      return path;
  return undefined;
}
