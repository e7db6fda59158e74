/** Writes a gate's report into its run's folder. */
import { z } from 'zod';
import { type Gate, gateSchema } from '../judge/verdict.ts';
import type { Trace } from '../trace/schema.ts';
import { writeWhole } from './files.ts';
import { page } from './html.ts';
import { junitXml } from './junit.ts';
import { view } from './view.ts';

/**
 * Writes `verdict.json` (the gate unchanged), `junit.xml` and `index.html` into `directory`, the run's folder,
 * which must exist and hold the traces. Each file appears whole or not at all; the page comes last.
 * A sample that is missing, broken or too large becomes a note on the page.
 * @param traces by scenario; samples are read beside `Trace.file` and only inside `directory`
 * @returns the paths of the files written
 * @throws Error of the file system if a file cannot be written
 */
export async function writeReport(
  directory: string,
  gate: Gate,
  traces: ReadonlyMap<string, readonly Trace[]>,
): Promise<{ html: string; junit: string; json: string }> {
  const json = await writeWhole(directory, 'verdict.json', `${JSON.stringify(gate, null, 2)}\n`);
  const junit = await writeWhole(directory, 'junit.xml', junitXml(gate));
  const html = await writeWhole(directory, 'index.html', page(await view(directory, gate, traces)));
  return { html, junit, json };
}

/** The JSON Schema of verdict.json. */
export function verdictJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(gateSchema) as Record<string, unknown>;
}
