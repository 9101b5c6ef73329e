import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { imageCheckAnalyzers, imageCheckInspectors, imageChecksVersion } from '@gabion/image-checks/image-checks';
import {
  type Inventory,
  inventoryAnalyzers,
  inventoryInspectors,
  inventoryOf,
  inventoryVersion,
} from '@gabion/inventory/inventory';
import { Clamd } from '@gabion/malware/clamd';
import { type DefinitionFile, definitionsVersion, readDefinitions } from '@gabion/malware/definitions';
import { malwareInspector } from '@gabion/malware/malware-inspector';
import type { ImageConfig } from '@gabion/oci/image-config';
import type { Inspector } from '@gabion/rootfs/inspector';
import type { Analyzer } from '@gabion/rootfs/layer-contents';
import { type AppliedLayer, apply } from '@gabion/rootfs/view';
import { SecretDetector } from '@gabion/secrets/secret-detector';
import { secretInspector } from '@gabion/secrets/secret-inspector';
import { secretRules, secretRulesVersion } from '@gabion/secrets/secret-rules';
import type { Config } from './config.ts';
import type { StaticFinding } from './finding.ts';
import type { Warning } from './scan.ts';
import { warningsOf } from './skipped-parts.ts';
import { staticFindings } from './static-findings.ts';

/** What is looked for, as plain data: each thread builds its own detectors of it. */
export interface DetectorSettings {
  /** Changes with everything that changes what is kept of a layer; layers kept under another one are read anew. */
  readonly version: string;
  /** Changes with everything that changes what is said of an image; of known layers, it is worked out anew. */
  readonly imageVersion: string;
  readonly malware: {
    /** YARA rules and lists of digests beside the built-in ones. */
    readonly definitions: readonly DefinitionFile[];
    /** Address of a ClamAV daemon. */
    readonly clamd?: string;
  };
  readonly licences: { readonly allow: readonly string[]; readonly deny: readonly string[] };
}

/** The first number is that of the stored form. */
const storedForm = 3;

/** The settings that a configuration asks for; throws for definitions that cannot be used. */
export async function detectorSettings(
  config: Pick<Config, 'allowedLicences' | 'deniedLicences'> & Partial<Pick<Config, 'malwareDefinitions' | 'clamd'>>,
): Promise<DetectorSettings> {
  const definitions = config.malwareDefinitions ? await definitionsIn(config.malwareDefinitions) : [];
  if (definitions.length > 0) readDefinitions(definitions).rules.check();
  const malware = `${definitionsVersion(definitions)}${config.clamd ? '+clamav' : ''}`;
  const version = [storedForm, inventoryVersion, secretRulesVersion, imageChecksVersion, malware].join('.');
  const licences = { allow: config.allowedLicences, deny: config.deniedLicences };
  return {
    version,
    imageVersion: `${version} ${JSON.stringify(licences)}`,
    malware: { definitions, ...(config.clamd && { clamd: config.clamd }) },
    licences,
  };
}

async function definitionsIn(directory: string): Promise<DefinitionFile[]> {
  const names = (await readdir(directory)).filter((name) => /\.(?:yara?|txt|csv|hdb|hsb|sha256)$/i.test(name)).sort();
  return Promise.all(names.map(async (name) => ({ name, text: await readFile(join(directory, name), 'utf8') })));
}

/** What is kept of each layer's files. */
export const analyzers: readonly Analyzer[] = [...inventoryAnalyzers, ...imageCheckAnalyzers];

/** What looks at each layer's files while they go by. Asked once in each thread, which keeps the answer. */
export async function inspectorsFor({ malware }: DetectorSettings): Promise<readonly Inspector[]> {
  const clamd = malware.clamd ? new Clamd(malware.clamd) : undefined;
  return [
    ...inventoryInspectors,
    ...imageCheckInspectors,
    secretInspector(secretDetector()),
    malwareInspector(readDefinitions(malware.definitions), clamd),
  ];
}

let detector: SecretDetector | undefined;

/** One for each thread: its table of keywords is built once. */
export function secretDetector(): SecretDetector {
  detector ??= new SecretDetector(secretRules);
  return detector;
}

/** What an image says of itself beside its layers. */
export interface ImageAbout {
  /** Absent for what has none: a file system, an SBOM. */
  readonly config?: ImageConfig;
  /** Instruction that made each layer, lowest first. */
  readonly createdBy: readonly string[];
  readonly lockFiles: boolean;
}

/** All that is known of an image from its layers and its configuration. */
export interface Survey {
  readonly inventory: Inventory;
  readonly findings: readonly StaticFinding[];
  /** What was left out of the layers, and why. */
  readonly warnings: readonly Warning[];
}

/** Puts the layers of an image in order, lowest first, and finds what is in it. */
export function surveyOf(layers: readonly AppliedLayer[], about: ImageAbout, settings: DetectorSettings): Survey {
  const view = apply(layers);
  const inventory = inventoryOf(view, { lockFiles: about.lockFiles });
  const findings = staticFindings({ view, about, packages: inventory.packages, licences: settings.licences });
  return { inventory, findings, warnings: warningsOf(layers) };
}
