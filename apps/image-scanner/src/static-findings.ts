import { checkImage } from '@gabion/image-checks/image-checks';
import type { Package } from '@gabion/inventory/package';
import { judgeLicences, type LicencePolicy } from '@gabion/licences/policy';
import { type MalwareNote, malwareInspectorName } from '@gabion/malware/malware-inspector';
import type { PlacedNote } from '@gabion/rootfs/inspector';
import type { View } from '@gabion/rootfs/view';
import { configurationSecrets } from '@gabion/secrets/image-secrets';
import { type SecretNote, secretInspectorName } from '@gabion/secrets/secret-inspector';
import { type ImageAbout, secretDetector } from './detectors.ts';
import type {
  ConfigurationFinding,
  FindingPlace,
  LicenceFinding,
  MalwareFinding,
  SecretFinding,
  StaticFinding,
} from './finding.ts';

interface Surveyed {
  readonly view: View;
  readonly about: ImageAbout;
  readonly packages: readonly Package[];
  readonly licences: LicencePolicy;
}

/** What is found in an image beside its vulnerabilities: in its files, also deleted ones, and in its configuration. */
export function staticFindings(image: Surveyed): StaticFinding[] {
  return [
    ...malware(image),
    ...secrets(image),
    ...configuration(image),
    ...licenceFindings(image.packages, image.licences),
  ];
}

function malware({ view }: Surveyed): MalwareFinding[] {
  return view.notes<MalwareNote>(malwareInspectorName).flatMap((placed) => {
    const { note } = placed;
    if ('failed' in note) return [];
    const { name, engine, digest } = note;
    const summary = `${name} in ${note.path}`;
    return [{ kind: 'malware', severity: 'critical', name, engine, digest, summary, place: placeOf(view, placed) }];
  });
}

function secrets(image: Surveyed): SecretFinding[] {
  const { view, about } = image;
  const inFiles = view.notes<SecretNote>(secretInspectorName).map((placed): SecretFinding => {
    const { ruleId, title, severity, redacted, line, path } = placed.note;
    const place = { ...placeOf(view, placed), line };
    return { kind: 'secret', ruleId, title, severity, redacted, origin: 'file', summary: `${title} in ${path}`, place };
  });
  return [...inFiles, ...(about.config ? inConfiguration(image, about.config) : [])];
}

function inConfiguration({ view }: Surveyed, config: NonNullable<ImageAbout['config']>): SecretFinding[] {
  const made = config.history.filter(({ isEmpty }) => !isEmpty).length;
  return configurationSecrets(secretDetector(), config).map(({ origin, name, step, ...found }) => {
    const isLayer = origin === 'history' && made === view.layers.length && !config.history[step]!.isEmpty;
    const layer = isLayer ? config.history.slice(0, step).filter(({ isEmpty }) => !isEmpty).length : undefined;
    const where = { environment: `the variable ${name}`, history: 'the history', label: `the label ${name}` }[origin];
    return {
      kind: 'secret',
      origin,
      ...found,
      summary: `${found.title} in ${where}`,
      place: { path: '', layerDiffId: layer === undefined ? '' : view.layers[layer]!.diffId },
    };
  });
}

function configuration({ view, about }: Surveyed): ConfigurationFinding[] {
  if (!about.config) return [];
  const layers = view.layers.map(({ diffId }, index) => ({ diffId, createdBy: about.createdBy[index] ?? '' }));
  return checkImage({ config: about.config, layers, view }).map((found) => {
    const { checkId, title, severity, message, remediation, benchmarks, path, layerDiffId } = found;
    const place = { path, layerDiffId };
    return { kind: 'configuration', checkId, severity, message, remediation, benchmarks, summary: title, place };
  });
}

/** Packages whose licences a policy does not allow; without a policy nothing is said of licences. */
export function licenceFindings(packages: readonly Package[], policy: LicencePolicy): LicenceFinding[] {
  if (policy.allow.length === 0 && policy.deny.length === 0) return [];
  return packages.flatMap((each, index): LicenceFinding[] => {
    // Many a package manager keeps no licences: their absence says nothing.
    if (each.licenses.length === 0) return [];
    const { licence, category, verdict } = judgeLicences(each.licenses, policy);
    if (verdict === 'allowed') return [];
    const severity = verdict === 'denied' ? 'high' : 'low';
    const summary = `${each.name} is under ${licence}, which is ${verdict === 'denied' ? 'not allowed' : 'not known'}`;
    const place = { path: each.path, layerDiffId: each.layerDiffId };
    return [{ kind: 'licence', licence, category, verdict, severity, summary, place, package: index }];
  });
}

function placeOf(view: View, { path, layer, isVisible }: PlacedNote): FindingPlace {
  return { path, layerDiffId: view.layers[layer]!.diffId, ...(isVisible ? {} : { isDeleted: true as const }) };
}
