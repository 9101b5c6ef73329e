import { randomUUID } from 'node:crypto';
import { catalogue } from '@gabion/contracts/services';
import { defaultLimits } from '@gabion/rootfs/limits';
import { type Parts, type Running, startService } from '@gabion/service/start';
import { Advisories } from './advisories.ts';
import { AdvisoryImport } from './advisory-import.ts';
import { analyserVersion } from './analysis.ts';
import type { Config } from './config.ts';
import { migrations } from './db/migrations.ts';
import { defaultDetectors } from './detectors.ts';
import { Home } from './home.ts';
import { ImageAccess } from './image-access.ts';
import { Images } from './images.ts';
import { Janitor } from './janitor.ts';
import { LayerThreads } from './layer-threads.ts';
import { Layers } from './layers.ts';
import { Queue } from './queue.ts';
import { Results } from './results.ts';
import { ScanChanges } from './scan-changes.ts';
import { scannerModule } from './scanner.module.ts';
import { Scanner } from './scanner.ts';
import { Scans } from './scans.ts';
import { Uploads } from './uploads.ts';
import { Worker } from './worker.ts';

/** Starts the image scanner; disposing lets calls end and gives scans at hand back to the queue. */
export async function start(config: Config): Promise<Running> {
  let begin: (parts: Parts) => Promise<void> = async () => {};
  return startService(
    {
      name: 'image-scanner',
      services: catalogue['image-scanner'],
      // The command line scans by itself when no platform runs, over the socket that only its user can open.
      callers: { gateway: 'for-others', gabion: 'for-others' },
      migrations,
      build: async (parts) => {
        const { module, worker, janitor } = await compose(parts, config);
        begin = async ({ use }) => {
          use(janitor());
          await use(worker).begin(parts.db);
        };
        return module;
      },
      begin: (parts) => begin(parts),
    },
    config,
  );
}

async function compose({ db, log, use }: Parts, config: Config) {
  const home = await Home.open(config.dataDir);
  const uploads = new Uploads(db, home, config);
  const scans = new Scans(db, home, uploads);
  const advisories = new Advisories(db);
  const changes = use(await ScanChanges.open(db, scans));
  const layers = use(await Layers.open(db, analyserVersion, layerThreads(config)));
  const imports = new AdvisoryImport(db, advisories, home, config.maxFeedBytes);
  const queue = new Queue(db, randomUUID(), home.id, config.leaseMs);
  const images = new Images(db, analyserVersion);
  const access = new ImageAccess(home, uploads, config);
  const scanner = new Scanner({ db, queue, access, layers, images, advisories });
  return {
    module: scannerModule({ scans, results: new Results(db), changes, uploads, advisories, imports }),
    worker: new Worker(queue, scanner, config, log),
    janitor: () => new Janitor({ db, uploads, advisories, log }),
  };
}

function layerThreads(config: Config): LayerThreads {
  return new LayerThreads({
    threads: config.layerThreads,
    settings: defaultDetectors,
    stream: { maxLayerBytes: config.maxLayerBytes, maxRatio: config.maxLayerRatio },
    limits: {
      ...defaultLimits,
      maxBytes: config.maxLayerBytes,
      maxEntries: config.maxLayerEntries,
      maxKeptBytes: config.maxLayerKeptBytes,
      maxGatheredBytes: config.maxFileBytes,
    },
  });
}
