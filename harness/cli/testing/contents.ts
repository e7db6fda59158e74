/** What a report says, without what differs each time. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { detailsIn, withoutDetails } from '../../report/testing/page-text.ts';

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

/** The results rest on the records of traces, which hold process ids. */
function timeless(file: string): unknown {
  const read = (): string => readFileSync(file, 'utf8');
  if (/\.json$/.test(file)) return withoutTimes(read());
  if (/\.xml$/.test(file)) return withoutTimesInText(read());
  if (!/\.html$/.test(file)) return undefined;
  const page = read();
  return [withoutTimesInText(withoutDetails(page)), withoutTimes(JSON.stringify(detailsIn(page)))];
}

const withoutTimes = (json: string): unknown =>
  JSON.parse(withoutTimesInText(json), (key, value) =>
    key === 'seconds' || key === 'startedAt' ? 0 : value,
  );

const withoutTimesInText = (text: string): string =>
  text
    .replaceAll(/ (time|timestamp)="[^"]*"/g, '')
    .replaceAll(/"(seconds|startedAt)":[^,}]+/g, '"$1":0')
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, 'then')
    .replaceAll(/\b\d+(\.\d+)? (s|min)\b/g, 'a while');
