/** What a report says, without what differs each time. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What the files of a report say, by their names, without durations and moments. */
export function contentsOf(folder: string): Map<string, unknown> {
  const files = globSync('**', { cwd: folder, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    files
      .map((entry) => path.join(entry.parentPath, entry.name))
      .filter((file) => path.basename(file) !== 'shard.json')
      .sort()
      .map((file) => [path.relative(folder, file), timeless(file)]),
  );
}

function timeless(file: string): unknown {
  // The results rest on the records of traces, which hold process ids.
  if (!/\.(json|xml|html)$/.test(file)) return undefined;
  const text = readFileSync(file, 'utf8')
    .replaceAll(/ (time|timestamp)="[^"]*"/g, '')
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, 'then')
    .replaceAll(/\b\d+(\.\d+)? (s|min)\b/g, 'a while');
  if (!file.endsWith('.json')) return text;
  return JSON.parse(text, (key, value) => (key === 'seconds' || key === 'startedAt' ? 0 : value));
}
