import type { DynamicModule } from '@nestjs/common';
import { AdvisoriesController } from './advisories.controller.ts';
import { Advisories } from './advisories.ts';
import { AdvisoryImport } from './advisory-import.ts';
import { ExceptionsController } from './exceptions.controller.ts';
import { Exceptions } from './exceptions.ts';
import { FeedDoor } from './feeds/feed-door.ts';
import { ImageCatalogue } from './image-catalogue.ts';
import { ImagesController } from './images.controller.ts';
import { ImagePlatforms } from './registries/image-platforms.ts';
import { RegistriesController } from './registries/registries.controller.ts';
import { Registries } from './registries/registries.ts';
import { RegistryEvents } from './registries/registry-events.ts';
import { Sweeps } from './registries/sweeps.ts';
import { Answers } from './reports/answers.ts';
import { Results } from './results.ts';
import { ScanChanges } from './scan-changes.ts';
import { ScansController } from './scans.controller.ts';
import { Scans } from './scans.ts';
import { Uploads } from './uploads.ts';
import { VexDocuments } from './vex-documents.ts';
import { Vulnerabilities } from './vulnerabilities.ts';

/** What the controllers reach. */
export interface Doors {
  readonly scans: Scans;
  readonly results: Results;
  readonly answers: Answers;
  readonly changes: ScanChanges;
  readonly uploads: Uploads;
  readonly advisories: Advisories;
  readonly imports: AdvisoryImport;
  readonly feeds: FeedDoor;
  readonly vulnerabilities: Vulnerabilities;
  readonly catalogue: ImageCatalogue;
  readonly exceptions: Exceptions;
  readonly documents: VexDocuments;
  readonly registries: Registries;
  readonly sweeps: Sweeps;
  readonly registryEvents: RegistryEvents;
  readonly platforms: ImagePlatforms;
}

/** Wires the controllers. */
export function scannerModule(doors: Doors): DynamicModule {
  const {
    scans,
    results,
    answers,
    changes,
    uploads,
    advisories,
    imports,
    catalogue,
    exceptions,
    documents,
    feeds,
    vulnerabilities,
    registries,
    sweeps,
    registryEvents,
    platforms,
  } = doors;
  return {
    module: ScannerModule,
    controllers: [ScansController, AdvisoriesController, ImagesController, ExceptionsController, RegistriesController],
    providers: [
      { provide: Scans, useValue: scans },
      { provide: Results, useValue: results },
      { provide: Answers, useValue: answers },
      { provide: ScanChanges, useValue: changes },
      { provide: Uploads, useValue: uploads },
      { provide: Advisories, useValue: advisories },
      { provide: AdvisoryImport, useValue: imports },
      { provide: FeedDoor, useValue: feeds },
      { provide: Vulnerabilities, useValue: vulnerabilities },
      { provide: ImageCatalogue, useValue: catalogue },
      { provide: Exceptions, useValue: exceptions },
      { provide: VexDocuments, useValue: documents },
      { provide: Registries, useValue: registries },
      { provide: Sweeps, useValue: sweeps },
      { provide: RegistryEvents, useValue: registryEvents },
      { provide: ImagePlatforms, useValue: platforms },
    ],
  };
}

class ScannerModule {}
