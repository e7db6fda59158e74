/** Damages the traces of a gate's report, and counts which damages were still proven. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import type { Plan } from '../../trace/schema.ts';
import { collectEvidence } from '../collect.ts';
import { judge } from '../judge.ts';
import { gateSchema } from '../verdict.ts';
import { damagesOf, type Line, type Process, traceOf } from './damages.ts';
import { HARMLESS } from './harmless.ts';

export interface Survey {
  readonly scenarios: number;
  readonly damages: number;
  /** Damages after which the run was still proven, and that the table of harmless ones does not explain. */
  readonly proven: readonly string[];
  /** Of the harmless ones. */
  readonly harmless: number;
  /** Exceptions of the judge. */
  readonly thrown: readonly string[];
  readonly seconds: number;
}

const subject = { scenario: 'tested', about: 'a test', expect: 'proven' as const, replay: 'again' };

/**
 * @param folder of the report: `verdict.json` and the traces
 * @param count damages to draw, divided among the proven scenarios
 */
export async function surveyDamages(folder: string, count: number, seed: number): Promise<Survey> {
  const gate = gateSchema.parse(JSON.parse(await readFile(path.join(folder, 'verdict.json'), 'utf8')));
  // Where equal runs differ, noise explains what stays within it. A property with built traces draws damages there.
  const proven = gate.verdicts.filter(
    ({ outcome, cut, noise }) => outcome === 'proven' && cut === null && noise?.exact === true,
  );
  const began = performance.now();
  const found: { what: string; thrown: boolean }[] = [];
  let [damages, harmless] = [0, 0];
  for (const { scenario, plan, backend, runs } of proven) {
    const processes = await Promise.all(
      runs.map(({ trace }): Promise<Process> => readProcess(path.join(folder, trace))),
    );
    const whole = new Map(processes.map((process) => [process, traceOf(process)]));
    const outcomeOf = (some: readonly Process[]) => outcomeIn(plan, backend!.requested, some, whole);
    const numRuns = Math.ceil(count / proven.length);
    for (const damage of fc.sample(damagesOf(processes), { numRuns, seed })) {
      damages += 1;
      const what = `${scenario}: ${damage.what}`;
      try {
        if (outcomeOf(damage.processes) !== 'proven') continue;
        if (HARMLESS.some(([pattern]) => pattern.test(damage.what))) harmless += 1;
        else found.push({ what, thrown: false });
      } catch (error) {
        found.push({ what: `${what}: ${(error as Error).message}`, thrown: true });
      }
    }
  }
  const texts = (thrown: boolean) => found.filter((one) => one.thrown === thrown).map(({ what }) => what);
  return {
    scenarios: proven.length,
    damages,
    proven: texts(false),
    harmless,
    thrown: texts(true),
    seconds: (performance.now() - began) / 1000,
  };
}

async function readProcess(file: string): Promise<Process> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  return { file, lines: lines.map((line) => JSON.parse(line) as Line) };
}

function outcomeIn(
  plan: Plan,
  requested: string,
  processes: readonly Process[],
  whole: ReadonlyMap<Process, ReturnType<typeof traceOf>>,
): string {
  const traces = processes.map((process) => whole.get(process) ?? traceOf(process));
  return judge(subject, collectEvidence(plan, requested, traces)).outcome;
}
