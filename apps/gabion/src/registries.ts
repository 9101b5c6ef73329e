import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { toJson } from '@bufbuild/protobuf';
import { durationFromMs, durationMs } from '@bufbuild/protobuf/wkt';
import { RegistrySchema, RegistryService } from '@gabion/contracts/gabion/scan/v1/registries_pb';
import { print } from './asking.ts';
import { Complaint } from './complaint.ts';
import { needPlatform } from './reach.ts';
import { type ScopeOptions, scopeOf } from './sweep-scope.ts';
import { table } from './table.ts';

interface Options {
  readonly data?: string;
  readonly json?: true;
}

interface AddOptions extends Options, ScopeOptions {
  readonly username?: string;
  readonly passwordStdin?: true;
  readonly ca?: string;
  readonly plainHttp?: true;
  readonly concurrency: number;
  readonly rate?: number;
  readonly every?: number;
}

/** Adds a registry or changes it. */
export async function addRegistry(name: string, host: string, options: AddOptions): Promise<void> {
  const credentials = await credentialsIn(options);
  const caCertificates = options.ca ? await readFile(options.ca, 'utf8') : '';
  await using platform = await needPlatform(options.data, process.env);
  const registry = await platform.client(RegistryService).putRegistry(
    {
      registry: {
        name,
        host,
        ...(credentials && { credentials }),
        plainHttp: options.plainHttp ?? false,
        caCertificates,
        maxConcurrentScans: options.concurrency,
        maxRequestsPerSecond: options.rate ?? 0,
        ...(options.every !== undefined && { sweepInterval: durationFromMs(Math.round(options.every * 3_600_000)) }),
        sweepScope: scopeOf(options) ?? {},
      },
    },
    platform.as,
  );
  if (options.json) return print(toJson(RegistrySchema, registry));
  process.stdout.write(`${registry.name}: ${registry.host}\n`);
}

export async function listRegistries(options: Options): Promise<void> {
  await using platform = await needPlatform(options.data, process.env);
  const { registries } = await platform.client(RegistryService).listRegistries({}, platform.as);
  if (options.json) return print({ registries: registries.map((each) => toJson(RegistrySchema, each)) });
  const rows = registries.map((each) => [
    each.name,
    each.host,
    each.hasCredentials ? 'yes' : 'no',
    String(each.maxConcurrentScans),
    each.sweepInterval ? `${durationMs(each.sweepInterval) / 3_600_000} h` : '-',
  ]);
  process.stdout.write(table(['NAME', 'HOST', 'CREDENTIALS', 'CONCURRENCY', 'SWEPT EVERY'], rows));
}

export async function removeRegistry(name: string, options: Options): Promise<void> {
  await using platform = await needPlatform(options.data, process.env);
  await platform.client(RegistryService).deleteRegistry({ name }, platform.as);
  if (options.json) print({ removed: name });
  else process.stdout.write(`${name} is removed\n`);
}

async function credentialsIn({ username, passwordStdin }: AddOptions) {
  if (username === undefined && !passwordStdin) return undefined;
  if (username === undefined || !passwordStdin)
    throw new Complaint('--username and --password-stdin go together', { code: 'usage' });
  return { username, password: (await text(process.stdin)).replace(/\r?\n$/, '') };
}
