import { toJson } from '@bufbuild/protobuf';
import {
  type BaseImageAdvice,
  type FixPlan,
  FixPlanSchema,
  ScanService,
  type SeverityCounts,
} from '@gabion/contracts/gabion/scan/v1/scans_pb';
import { print } from './asking.ts';
import { aimAt, scansOf, type TargetOptions } from './scanning.ts';
import { severityNames } from './severity.ts';
import { scannerFor } from './solo-scanner.ts';
import { table } from './table.ts';

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Tells what to do about the vulnerabilities of a target, which is scanned unless it is the id of a scan. */
export async function fix(asked: string, options: TargetOptions & { readonly json?: true }): Promise<void> {
  const aim = uuid.test(asked) ? undefined : await aimAt(asked, options);
  await using scanner = await scannerFor(options.data);
  const scanId = aim ? (await scansOf(scanner, aim, options))[0]!.id : asked;
  const plan = await scanner.client(ScanService).getFixPlan({ scanId }, scanner.as);
  if (options.json) return print(toJson(FixPlanSchema, plan, { alwaysEmitImplicit: true }));
  process.stdout.write(planText(plan));
}

function planText({ upgrades, commands, baseImage, remaining, unfixable }: FixPlan): string {
  const rows = upgrades.map((each) => [
    plain(each.name),
    plain(each.installedVersion),
    plain(each.fixedVersion),
    countsText(each.removes),
    [each.exploited > 0 && 'exploited', each.inBaseImage && 'from the base image'].filter(Boolean).join(', '),
  ]);
  const parts = [
    rows.length > 0
      ? table(['PACKAGE', 'INSTALLED', 'UPGRADE TO', 'REMOVES', ''], rows)
      : 'No upgrade removes anything.\n',
    ...commands
      .map(({ command, note }) =>
        [command && `  ${plain(command)}`, note && `  # ${plain(note)}`].filter(Boolean).join('\n'),
      )
      .map((text) => `${text}\n`),
    ...(baseImage ? [baseText(baseImage)] : []),
    `Left then: ${countsText(remaining)}; ${unfixable} without a fix.\n`,
  ];
  return parts.join('\n');
}

function baseText({ base, brings, options }: BaseImageAdvice): string {
  const head = `Built on ${plain(base)}, which brings ${countsText(brings)}.`;
  const lines = options.map(
    ({ image, removes, adds }) =>
      `  rebase on ${plain(image)}: removes ${countsText(removes)}, adds ${countsText(adds)}`,
  );
  return `${[head, ...lines].join('\n')}\n`;
}

function countsText(counts: SeverityCounts | undefined): string {
  return severityNames.flatMap((name) => (counts?.[name] ? [`${counts[name]} ${name}`] : [])).join(', ') || 'nothing';
}

/** Names come from images: nothing in them may steer a terminal. */
function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, '\u{fffd}');
}
