/** Baselines on disk: a small file for each scenario and backend, with the images beside it, to be committed. */
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { digestOf } from '../bundle/kept-bundle.ts';
import { type Baseline, baselineSchema, endSamples } from '../judge/baseline.ts';
import { readWithin, writeWhole } from '../report/files.ts';
import type { BaselineSample } from '../report/samples/panel.ts';
import type { Trace } from '../trace/schema.ts';
import { readJsonFile } from './json-file.ts';
import { UsageError } from './usage-error.ts';

/** The folder of baselines, in the working folder. */
export const BASELINES = 'resumeproof-baselines';
const FILE = 'baseline.json';
const MOST_BYTES = 16 * 1024 * 1024;
/** Of one sample. */
const SAMPLE_BYTES = 2 * 1024 * 1024;

const folderOf = (baselines: string, scenario: string, backend: string): string =>
  path.join(baselines, scenario, backend);

/**
 * @returns undefined if the scenario has no baseline on this backend
 * @throws {UsageError} in one line, when the file is there and is not one of this scenario and backend
 */
export async function readBaseline(
  baselines: string,
  scenario: string,
  backend: string,
): Promise<{ readonly file: string; readonly baseline: Baseline } | undefined> {
  const file = path.join(folderOf(baselines, scenario, backend), FILE);
  if (!existsSync(file)) return undefined;
  const refuse = (why: string): UsageError =>
    new UsageError(`cannot read the baseline ${path.relative('', file)}: ${why}; mend or remove it`);
  const baseline = await readJsonFile(file, baselineSchema, MOST_BYTES, refuse);
  if (baseline.scenario !== scenario || baseline.backend !== backend)
    throw refuse(`it is of ${baseline.scenario} on ${baseline.backend}`);
  return { file, baseline };
}

/**
 * Copies samples of a baseline into a report, so that it can be moved.
 * @param samples names and files of the baseline
 * @param comparable whether a difference from them is more than noise
 * @param to an own folder of the report
 * @returns names and paths in the report; without those that cannot be read
 */
export async function copySamples(
  baseline: string,
  samples: readonly (readonly [name: string, file: string])[],
  comparable: boolean,
  report: string,
  to: string,
): Promise<BaselineSample[]> {
  const copied: BaselineSample[] = [];
  for (const [name, file] of samples) {
    const from = path.dirname(baseline);
    const bytes = await readWithin(from, path.join(from, file), SAMPLE_BYTES).catch(() => undefined);
    if (bytes === undefined) continue;
    await mkdir(to, { recursive: true });
    await writeFile(path.join(to, file), bytes);
    const own = path.relative(report, path.join(to, file)).split(path.sep).join('/');
    copied.push({ name, file: own, comparable });
  }
  return copied;
}

/**
 * Writes a baseline and the samples that it names, and removes samples of an earlier one.
 * @param report the folder that the control's trace and samples lie in
 * @returns the file
 * @throws Error in one line when a sample cannot be read
 */
export async function writeBaseline(
  baselines: string,
  baseline: Baseline,
  control: Trace,
  report: string,
): Promise<string> {
  const folder = folderOf(baselines, baseline.scenario, baseline.backend);
  const samples: Baseline['samples'] = {};
  const contents = new Map<string, Buffer>();
  for (const { name, digest, file } of endSamples(control)) {
    const kept = `${name.replace(/[^\w.-]+/g, '-').slice(0, 60)}-${digestOf(name).slice(0, 8)}${path.extname(file)}`;
    contents.set(kept, await readWithin(report, path.join(path.dirname(control.file), file), SAMPLE_BYTES));
    samples[name] = { digest, file: kept };
  }
  await mkdir(folder, { recursive: true });
  for (const [name, bytes] of contents) await writeFile(path.join(folder, name), bytes);
  const json = `${JSON.stringify({ ...baseline, samples }, null, 2)}\n`;
  const file = await writeWhole(folder, FILE, json);
  for (const name of readdirSync(folder))
    if (name !== FILE && !contents.has(name)) await rm(path.join(folder, name));
  return file;
}
