import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { affectedEntries } from '@gabion/advisories/advisory';
import { readFeedFile } from '@gabion/advisories/read';
import { walk } from '@gabion/advisories/walk';

// Reads every feed of a directory and prints time and memory: node --conditions source bench/advisories.ts [feeds] [--skipped]
const feeds = process.argv[2] ?? join(import.meta.dirname, '../../shared/feeds');
const isTalkative = process.argv.includes('--skipped');
const start = performance.now();
const sum = { files: 0, advisories: 0, entries: 0, skipped: 0, bytes: 0 };

for (const archive of readdirSync(feeds)
  .filter((name) => name.endsWith('.tar.gz'))
  .sort()) {
  const began = performance.now();
  const part = { files: 0, advisories: 0, entries: 0, skipped: 0, bytes: 0 };
  const reasons = new Map<string, number>();
  for await (const file of walk(join(feeds, archive))) {
    part.files++;
    const reading = readFeedFile(file, { source: archive });
    if ('skipped' in reading) {
      part.skipped++;
      reasons.set(reading.skipped, (reasons.get(reading.skipped) ?? 0) + 1);
      if (isTalkative) console.log(`  ${file.path}: ${reading.skipped}`);
      continue;
    }
    part.advisories += reading.advisories.length;
    for (const advisory of reading.advisories)
      for (const entry of affectedEntries(advisory)) {
        part.entries++;
        part.bytes += JSON.stringify(entry).length;
      }
  }
  for (const key of Object.keys(sum) as (keyof typeof sum)[]) sum[key] += part[key];
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  console.log(
    `${archive}: ${seconds} s, ${JSON.stringify(part)}, ${[...reasons].slice(0, 4).map(([why, count]) => `${count}× ${why}`)}`,
  );
}
const seconds = ((performance.now() - start) / 1000).toFixed(1);
console.log(
  `all: ${seconds} s, peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MB RSS, ${JSON.stringify(sum)}`,
);
