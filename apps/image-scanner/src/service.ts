import { randomUUID } from 'node:crypto';
import { CredentialService } from '@gabion/contracts/gabion/kms/v1/secrets_pb';
import { catalogue as contract } from '@gabion/contracts/services';
import { defaultLimits } from '@gabion/rootfs/limits';
import { type Parts, type Running, startService } from '@gabion/service/start';
import { Advisories } from './advisories.ts';
import { AdvisoryImport } from './advisory-import.ts';
import { Announcements } from './announcements.ts';
import type { Config } from './config.ts';
import { CurrentFindings } from './current-findings.ts';
import { migrations } from './db/migrations.ts';
import { type DetectorSettings, detectorSettings } from './detectors.ts';
import { Exceptions } from './exceptions.ts';
import { FeedDoor } from './feeds/feed-door.ts';
import { FeedSchedule } from './feeds/feed-schedule.ts';
import { openFeeds } from './feeds/open-feeds.ts';
import { SourceImport } from './feeds/source-import.ts';
import { Home } from './home.ts';
import { ImageAccess } from './image-access.ts';
import { ImageCatalogue } from './image-catalogue.ts';
import { Images } from './images.ts';
import { Janitor } from './janitor.ts';
import { LayerThreads } from './layer-threads.ts';
import { Layers } from './layers.ts';
import { Queue } from './queue.ts';
import { ImagePlatforms } from './registries/image-platforms.ts';
import { Registries } from './registries/registries.ts';
import { RegistryAccess } from './registries/registry-access.ts';
import { RegistryCredentials } from './registries/registry-credentials.ts';
import { RegistryEvents } from './registries/registry-events.ts';
import { SweepRunner } from './registries/sweep-runner.ts';
import { Sweeps } from './registries/sweeps.ts';
import { Rejudger } from './rejudger.ts';
import { Rejudging } from './rejudging.ts';
import { RejudgingWait } from './rejudging-wait.ts';
import { Answers } from './reports/answers.ts';
import { FixPlans } from './reports/fix-plans.ts';
import { Reports } from './reports/reports.ts';
import { ScannedImages } from './reports/scanned.ts';
import { Results } from './results.ts';
import { Retention } from './retention.ts';
import { ScanChanges } from './scan-changes.ts';
import { ScanCredentials } from './scan-credentials.ts';
import { scannerModule } from './scanner.module.ts';
import { Scanner } from './scanner.ts';
import { Scans } from './scans.ts';
import { Suppressions } from './suppressions.ts';
import { Uploads } from './uploads.ts';
import { VexDocuments } from './vex-documents.ts';
import { Vulnerabilities } from './vulnerabilities.ts';
import { Worker } from './worker.ts';

/** Starts the image scanner; disposing lets calls end and gives scans at hand back to the queue. */
export async function start(config: Config): Promise<Running> {
  let begin: (parts: Parts) => Promise<void> = async () => {};
  return startService(
    {
      name: 'image-scanner',
      services: contract['image-scanner'],
      // The command line scans by itself when no platform runs, over the socket that only its user can open.
      callers: { gateway: 'for-others', gabion: 'for-others' },
      migrations,
      build: async (parts) => {
        const { module, worker, rejudger, janitor, schedule, sweeper } = await compose(parts, config);
        begin = async ({ use }) => {
          use(janitor());
          const feeds = schedule();
          if (feeds) use(feeds);
          if (config.workers > 0) await use(rejudger).begin(parts.db);
          await use(worker).begin(parts.db);
          if (config.workers > 0) await use(sweeper).begin();
        };
        return module;
      },
      begin: (parts) => begin(parts),
    },
    config,
  );
}

async function compose({ db, log, use, to }: Parts, config: Config) {
  const home = await Home.open(config.dataDir);
  const detectors = await detectorSettings(config);
  const uploads = new Uploads(db, home, config);
  const kept = config.peers['kms-secrets'] ? to('kms-secrets').client(CredentialService) : undefined;
  const scanCredentials = new ScanCredentials(kept);
  const scans = new Scans(db, scanCredentials, uploads);
  const advisories = new Advisories(db);
  const changes = use(await ScanChanges.open(db, scans));
  const layers = use(await Layers.open(db, detectors.version, layerThreads(config, detectors)));
  const sourceImport = new SourceImport(db);
  const imports = new AdvisoryImport(sourceImport, home, config.maxFeedBytes);
  const { feeds, updates } = await openFeeds(db, home, sourceImport, config);
  const queue = new Queue(db, randomUUID(), home.id, config.leaseMs, scanCredentials);
  const images = new Images(db, detectors.imageVersion);
  const credentials = new RegistryCredentials(kept);
  const registries = new Registries(db, credentials);
  const registryAccess = new RegistryAccess(db, credentials, config);
  const access = new ImageAccess(home, uploads, scanCredentials, registryAccess, config);
  const suppressions = new Suppressions(db);
  const current = new CurrentFindings(db, suppressions);
  const rejudging = use(await RejudgingWait.open(db));
  const scanner = new Scanner({ db, queue, access, layers, images, current, rejudging });
  const retention = new Retention(db, config.scanRetentionMs, config.layerRetentionMs);
  const results = new Results(db, current);
  const scanned = new ScannedImages(scans, current);
  const plans = new FixPlans(db, current);
  const answers = new Answers(scanned, plans, new Reports(db, scanned, plans));
  const catalogue = new ImageCatalogue(db, current);
  const said = { exceptions: new Exceptions(db), documents: new VexDocuments(db) };
  return {
    module: scannerModule({
      scans,
      results,
      answers,
      changes,
      uploads,
      advisories,
      imports,
      catalogue,
      ...said,
      registries,
      sweeps: new Sweeps(db, registries),
      registryEvents: new RegistryEvents(db, registries, scans),
      platforms: new ImagePlatforms(registryAccess),
      feeds: new FeedDoor(db, feeds, updates),
      vulnerabilities: new Vulnerabilities(db),
    }),
    sweeper: new SweepRunner({ db, scans, access: registryAccess, analyserVersion: detectors.imageVersion }, log),
    worker: new Worker(queue, scanner, config, log),
    schedule: () => config.advisoryUpdates && new FeedSchedule({ feeds, updates, log }, config.feedTickMs),
    rejudger: new Rejudger(new Rejudging(db), new Announcements(db, suppressions), log),
    janitor: () => new Janitor({ db, uploads, retention, feeds: updates, log }),
  };
}

function layerThreads(config: Config, settings: DetectorSettings): LayerThreads {
  return new LayerThreads({
    threads: config.layerThreads,
    settings,
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
