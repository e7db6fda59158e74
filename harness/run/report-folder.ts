/** The folder of a report. */
import { existsSync } from 'node:fs';
import path from 'node:path';

/** `reports/2026-03-01T10-00-00-wasm`, with a number appended if that exists. */
export function newReportFolder(reports: string, name: string): string {
  const moment = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
  for (let n = 1; ; n += 1) {
    const folder = path.join(reports, `${moment}-${name}${n === 1 ? '' : `-${n}`}`);
    if (!existsSync(folder)) return folder;
  }
}
