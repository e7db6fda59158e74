/** `resumeproof fuzz`: tries random resume points until one fails. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import type { FuzzCase, FuzzResult } from '../fuzz/fuzz.ts';
import { enumerate } from '../report/text.ts';
import { ownHistory } from '../run/asked-plan.ts';
import { inspectScenarios } from '../run/inspect.ts';
import { replayScenario } from '../run/replay.ts';
import { makeReportFolder } from '../run/report-folder.ts';
import { requireBackends, requireImages } from '../run/requirements.ts';
import { type LoadedScenario, onBackends, resumeBackends, selectScenarios } from '../run/scenario.ts';
import { UsageError } from '../run/usage-error.ts';
import { endOf, historyOf } from '../trace/history.ts';
import type { Plan } from '../trace/schema.ts';
import { EXIT, onInterrupt, say } from './exit.ts';
import { fastOption, integer, positive, type TrainingOptions, trainingOptions } from './options.ts';
import { print, printJson } from './print.ts';

interface Options extends TrainingOptions {
  readonly fast: boolean;
  readonly runs: number;
  readonly seed?: number;
  readonly maxSteps?: number;
  readonly maxResumes: number;
}

export function fuzzCommand(): Command {
  const command = new Command('fuzz')
    .description('Resumes a scenario at random points and shrinks a failure to the smallest failing plan.')
    .argument('<scenario>', 'name or file path')
    .option('--runs <n>', 'number of random plans', positive, 20)
    .option('--seed <n>', 'seed of the plans; a new one each time by default', integer)
    .option('--max-steps <n>', 'most steps in a run; the steps of the scenario’s plan by default', positive)
    .option('--max-resumes <n>', 'most resumes in a run', positive, 3)
    .addHelpText('after', '\nExample:\n  resumeproof fuzz accumulation --runs 10 --backend wasm')
    .action(async (wanted: string, options: Options) => {
      process.exitCode = await run(wanted, options);
    });
  for (const option of [...trainingOptions(), fastOption()]) command.addOption(option);
  return command;
}

async function run(wanted: string, options: Options): Promise<number> {
  requireImages(options.images);
  const selected = [...(await selectScenarios(options.scenarios, [wanted]))];
  const [[name, file]] = selected as [[string, string]];
  if (selected.length > 1) {
    throw new UsageError(`'${wanted}' matches ${selected.length} scenarios; fuzz takes one at a time`);
  }
  const [loaded] = (await inspectScenarios(new Map([[name, file]]))) as [LoadedScenario];
  if (loaded.scenario.command !== undefined)
    throw new UsageError(`scenario ${name}: fuzz does not run commands yet`);
  if (options.maxSteps === 1) {
    throw new UsageError('--max-steps must be at least 2: one step before a resume, one after');
  }
  const softwareGpu = await requireBackends([loaded], options);
  const maxSteps = options.maxSteps ?? endOf(ownHistory(loaded, softwareGpu));
  if (maxSteps < 2) {
    throw new UsageError(`scenario ${name} has only one step; set --max-steps to at least 2`);
  }
  const signal = onInterrupt();
  // Imported only here, because they load slowly.
  const { runGate } = await import('../run/gate.ts');
  const { fuzz, isAsExpected } = await import('../fuzz/fuzz.ts');
  const folder = await makeReportFolder(options.reports, `fuzz-${name}-${options.backend}`);
  const folders = new Map<string, string>();
  const result = await fuzz({
    runs: options.runs,
    seed: options.seed ?? Date.now() % 2 ** 31,
    maxSteps,
    maxResumes: options.maxResumes,
    signal,
    async prove(plan) {
      const own = path.join(folder, `case-${folders.size + 1}`);
      folders.set(JSON.stringify(plan), own);
      const { gate } = await runGate(
        [{ ...loaded, history: onBackends(historyOf(plan), resumeBackends(loaded.scenario)) }],
        {
          ...options,
          images: options.images,
          folder: own,
          signal,
          replay: (scenario) => replayScenario(scenario, options),
        },
      );
      return gate.verdicts[0]!;
    },
    onCase: ({ plan, verdict }, shrinking) => {
      const what = shrinking ? 'shrinking' : `case ${folders.size}`;
      say(`${what}: ${describe(plan)}: ${verdict.outcome} (${verdict.seconds.toFixed(1)} s)`);
    },
  });
  const kept = result.smallest && folders.get(JSON.stringify(result.smallest.plan));
  // Only the smallest failing case is worth its disk space; the others can be run again.
  for (const own of folders.values()) if (own !== kept) await rm(own, { recursive: true, force: true });
  if (kept === undefined) await rm(folder, { recursive: true, force: true });
  const asExpected = isAsExpected(loaded.scenario.expect, result);
  const report = kept === undefined ? null : path.join(kept, 'index.html');
  if (options.json) printJson(toJson(name, result, asExpected, report));
  else print(summary(result, report));
  if (signal.aborted) return EXIT.interrupted;
  return asExpected ? EXIT.passed : EXIT.failed;
}

const describe = ({ steps, resumeAt }: Plan): string =>
  `${steps} steps, resumed after ${enumerate(resumeAt)}`;

function counts(cases: readonly FuzzCase[]): Record<string, number> {
  const of = (outcome: string): number => cases.filter(({ verdict }) => verdict.outcome === outcome).length;
  return {
    proven: of('proven'),
    refuted: of('refuted'),
    inconclusive: of('inconclusive'),
    skipped: of('skipped'),
  };
}

function toJson(
  scenario: string,
  { seed, cases, smallest }: FuzzResult,
  asExpected: boolean,
  report: string | null,
) {
  const row = ({ plan, verdict }: FuzzCase) => ({
    plan,
    outcome: verdict.outcome,
    rule: verdict.findings[0]?.rule ?? null,
    headline: verdict.headline,
    replay: verdict.replay,
  });
  return {
    scenario,
    seed,
    ...counts(cases),
    asExpected,
    smallest: smallest === undefined ? null : row(smallest),
    cases: cases.map(row),
    report,
  };
}

function summary({ seed, cases, smallest }: FuzzResult, report: string | null): string {
  const { proven, refuted, inconclusive, skipped } = counts(cases);
  const summary = `${cases.length} plans: ${proven} proven, ${refuted} refuted, ${inconclusive} inconclusive, ${skipped} skipped (seed ${seed})`;
  if (smallest === undefined) {
    const [first] = cases;
    const nothing =
      proven === 0
        ? `Nothing was proven: ${first?.verdict.headline ?? 'no plan was run'}`
        : 'No plan failed.';
    return `${summary}\n${nothing}\n`;
  }
  const { plan, verdict } = smallest;
  const [finding] = verdict.findings;
  return [
    summary,
    `Smallest failing plan: ${describe(plan)}.`,
    `  ${verdict.headline}`,
    ...(finding === undefined ? [] : [`  likely cause: ${finding.likelyCause}`]),
    `  run again: ${verdict.replay}`,
    ...(report === null ? [] : [`  report: ${path.relative('', report)}`]),
    '',
  ].join('\n');
}
