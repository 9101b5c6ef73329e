import { setTimeout as pause } from 'node:timers/promises';
import { toJson } from '@bufbuild/protobuf';
import { RegistryService, type Sweep, SweepSchema, SweepState } from '@gabion/contracts/gabion/scan/v1/registries_pb';
import { print } from './asking.ts';
import { showProgress } from './progress.ts';
import { needPlatform, type Reach } from './reach.ts';
import { type ScopeOptions, scopeOf } from './sweep-scope.ts';
import { day, table } from './table.ts';

interface Options {
  readonly data?: string;
  readonly json?: true;
}

const lookMs = 1000;

/** Begins a sweep, and stays with it when asked. */
export async function startSweep(
  registry: string,
  options: Options & ScopeOptions & { readonly watch?: true },
): Promise<void> {
  await using platform = await needPlatform(options.data, process.env);
  const scope = scopeOf(options);
  const begun = await platform.client(RegistryService).createSweep({ registry, ...(scope && { scope }) }, platform.as);
  const sweep = options.watch ? await ended(platform, begun.id) : begun;
  show(sweep, options);
  if (options.watch && (sweep.state !== SweepState.SUCCEEDED || sweep.scansFailed > 0n)) process.exitCode = 1;
}

export async function listSweeps(options: Options & { readonly registry?: string }): Promise<void> {
  await using platform = await needPlatform(options.data, process.env);
  const { sweeps } = await platform
    .client(RegistryService)
    .listSweeps({ registry: options.registry ?? '' }, platform.as);
  if (options.json) return print({ sweeps: sweeps.map((each) => toJson(SweepSchema, each)) });
  const rows = sweeps.map((each) => [
    each.id,
    each.registry,
    stateOf(each),
    String(each.imagesFound),
    String(each.scansFailed),
    day(each.createTime),
  ]);
  process.stdout.write(table(['ID', 'REGISTRY', 'STATE', 'IMAGES', 'FAILED', 'SINCE'], rows));
}

export async function showSweep(id: string, options: Options): Promise<void> {
  await using platform = await needPlatform(options.data, process.env);
  show(await platform.client(RegistryService).getSweep({ id }, platform.as), options);
}

export async function cancelSweep(id: string, options: Options): Promise<void> {
  await using platform = await needPlatform(options.data, process.env);
  show(await platform.client(RegistryService).cancelSweep({ id }, platform.as), options);
}

async function ended(platform: Reach, id: string): Promise<Sweep> {
  using progress = showProgress();
  for (;;) {
    const sweep = await platform.client(RegistryService).getSweep({ id }, platform.as);
    if (sweep.state !== SweepState.LISTING && sweep.state !== SweepState.SCANNING) return sweep;
    progress.at(told(sweep));
    await pause(lookMs);
  }
}

function show(sweep: Sweep, { json }: Options): void {
  if (json) return print(toJson(SweepSchema, sweep));
  process.stdout.write(`sweep ${sweep.id} of ${sweep.registry}: ${stateOf(sweep)}\n${told(sweep)}\n`);
  if (sweep.error) process.stdout.write(`${sweep.error.message} (${sweep.error.code})\n`);
  for (const { target, error } of sweep.failures)
    process.stdout.write(`  ${target}: ${error?.message} (${error?.code})\n`);
}

function told(sweep: Sweep): string {
  const { repositoriesFound, imagesFound, scansSucceeded, scansReused, scansFailed } = sweep;
  return `${repositoriesFound} repositories, ${imagesFound} images: ${scansSucceeded} scanned, ${scansReused} known, ${scansFailed} failed`;
}

function stateOf({ state }: Sweep): string {
  return SweepState[state].toLowerCase();
}
