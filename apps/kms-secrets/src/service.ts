import { catalogue } from '@gabion/contracts/services';
import type { AllowedCallers } from '@gabion/rpc/admission';
import { type Parts, type Running, startService } from '@gabion/service/start';
import { type DynamicModule, Module } from '@nestjs/common';
import type { Area, Clock } from './area.ts';
import { openClusters } from './clusters/area.ts';
import type { Config } from './config.ts';
import { migrations } from './db/migrations.ts';
import { forbidDumps } from './dumps.ts';
import { openKeys } from './keys/area.ts';
import { openOperations } from './operations/area.ts';
import { openRotations } from './rotations/area.ts';
import { openSeal } from './seal/area.ts';
import type { KeyHolders } from './seal/key-holders.ts';
import { openSecrets } from './secrets/area.ts';
import { openSyncs } from './syncs/area.ts';

/** The gateway, and the command line on its own machine, speak for others; services keep their credentials here. */
const callers: AllowedCallers = {
  ...Object.fromEntries(Object.keys(catalogue).map((service) => [service, 'for-itself' as const])),
  gateway: 'for-others',
  gabion: 'for-others',
};

@Module({})
class KmsSecretsModule {}

/**
 * Starts kms-secrets. It starts sealed unless its seal opens by itself. `holders` are those of a seal's key that no
 * configuration names: of an attested seal.
 */
export async function start(config: Config, now: Clock = () => new Date(), holders: KeyHolders = {}): Promise<Running> {
  const dumpable = await forbidDumps();
  let areas: readonly Area[] = [];
  const build = async (parts: Parts): Promise<DynamicModule> => {
    if (dumpable) parts.log.warn({ problem: dumpable }, 'the memory of this process is not kept out of core dumps');
    areas = await openAreas({ ...parts, now }, config, holders);
    return {
      module: KmsSecretsModule,
      controllers: areas.flatMap(({ controllers }) => [...controllers]),
      providers: areas.flatMap(({ providers }) => [...providers]),
    };
  };
  const begin = async () => {
    for (const area of areas) await area.begin?.();
  };
  return startService(
    { name: 'kms-secrets', services: catalogue['kms-secrets'], callers, migrations, build, begin },
    config,
  );
}

/** Opens the areas, each with what those before it offer. */
async function openAreas(
  parts: Parts & { readonly now: Clock },
  config: Config,
  holders: KeyHolders,
): Promise<readonly Area[]> {
  const seal = await openSeal(parts, config.seal, holders);
  const own = { ...parts, barrier: seal.barrier };
  const keys = await openKeys(own);
  const operations = await openOperations({ ...own, keys });
  const clusters = await openClusters({ ...own, keys, operations });
  const secrets = openSecrets(own);
  return [
    seal,
    keys,
    operations,
    clusters,
    secrets,
    openSyncs({ ...own, secrets }),
    openRotations({ ...own, secrets }),
  ];
}
