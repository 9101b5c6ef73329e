import type { Case } from './vectors.ts';

/** What became of the cases of one file. */
export class Tally {
  right = 0;
  readonly wrong: string[] = [];
  /** How cases were judged of which either verdict is right. */
  readonly acceptable = { taken: 0, refused: 0 };
  readonly notRun = new Map<string, number>();

  constructor(readonly file: string) {}

  judge({ tcId, comment, result }: Case, taken: boolean | string): void {
    if (typeof taken === 'string') return void this.notRun.set(taken, (this.notRun.get(taken) ?? 0) + 1);
    if (result === 'acceptable') this.acceptable[taken ? 'taken' : 'refused']++;
    if (result === 'acceptable' || taken === (result === 'valid')) this.right++;
    else this.wrong.push(`${this.file} ${tcId}: ${result}, ${taken ? 'taken' : 'refused'} (${comment})`);
  }
}

/** The table of all files: how many cases were run, how many were not, and why. */
export function tableOf(tallies: readonly Tally[]): string {
  const rows = tallies.map(({ file, right, wrong, acceptable, notRun }) => {
    const either = acceptable.taken + acceptable.refused;
    const why = [...notRun].map(([reason, count]) => (notRun.size > 1 ? `${count}: ${reason}` : reason));
    const judged = either > 0 ? `${acceptable.taken} taken, ${acceptable.refused} refused` : '';
    const outside = [...notRun.values()].reduce((sum, count) => sum + count, 0);
    return [file.replace(/_test\.json$/, ''), `${right + wrong.length}`, judged, `${outside}`, why.join('; ')];
  });
  const head = ['file', 'run', 'of these acceptable', 'not run', 'why'];
  const widths = head.map((name, at) =>
    Math.max(...[...rows.map((row) => row[at] ?? ''), name].map((text) => text.length)),
  );
  const line = (row: readonly string[]) =>
    row
      .map((text, at) => (at === row.length - 1 ? text : text.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  return [head, ...rows].map(line).join('\n');
}
