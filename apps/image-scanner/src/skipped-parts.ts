import type { Skipped } from '@gabion/rootfs/layer-contents';
import type { AppliedLayer } from '@gabion/rootfs/view';
import type { Warning } from './scan.ts';

/** What was left out of layers that could be read otherwise, for the reader of the result. */
export function warningsOf(layers: readonly AppliedLayer[]): Warning[] {
  const told = new Map(layers.map(({ diffId, contents }) => [diffId, contents.skipped]));
  return [...told].flatMap(([diffId, skipped]) =>
    skipped.map((each) => ({ code: codes[each.code], message: `${messageOf(each)} (layer ${diffId})` })),
  );
}

const codes = {
  notes_truncated: 'layer_notes_truncated',
  sparse_file_skipped: 'sparse_file_skipped',
  inspection_failed: 'inspection_failed',
} as const satisfies Record<Skipped['code'], string>;

function messageOf({ code, subject, count }: Skipped): string {
  const others = count > 1 ? ` and ${count - 1} more` : '';
  switch (code) {
    case 'notes_truncated':
      return `the layer holds more than is kept of it for ${subject}: ${count} findings were left out`;
    case 'sparse_file_skipped':
      return `${subject}${others} was not inspected: too large with its holes filled`;
    case 'inspection_failed':
      return `${subject}${others} could not be inspected, which is a mistake of Gabion`;
    default:
      return code satisfies never;
  }
}
