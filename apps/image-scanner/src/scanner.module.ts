import type { DynamicModule } from '@nestjs/common';
import { AdvisoriesController } from './advisories.controller.ts';
import { Advisories } from './advisories.ts';
import { AdvisoryImport } from './advisory-import.ts';
import { Results } from './results.ts';
import { ScanChanges } from './scan-changes.ts';
import { ScansController } from './scans.controller.ts';
import { Scans } from './scans.ts';
import { Uploads } from './uploads.ts';

/** What the controllers reach. */
export interface Doors {
  readonly scans: Scans;
  readonly results: Results;
  readonly changes: ScanChanges;
  readonly uploads: Uploads;
  readonly advisories: Advisories;
  readonly imports: AdvisoryImport;
}

/** Wires the controllers. */
export function scannerModule({ scans, results, changes, uploads, advisories, imports }: Doors): DynamicModule {
  return {
    module: ScannerModule,
    controllers: [ScansController, AdvisoriesController],
    providers: [
      { provide: Scans, useValue: scans },
      { provide: Results, useValue: results },
      { provide: ScanChanges, useValue: changes },
      { provide: Uploads, useValue: uploads },
      { provide: Advisories, useValue: advisories },
      { provide: AdvisoryImport, useValue: imports },
    ],
  };
}

class ScannerModule {}
