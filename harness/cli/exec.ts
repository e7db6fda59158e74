/** `resumeproof exec`: proves a training program that is started by a command. */
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Verdict } from '../judge/verdict.ts';
import { STOPS } from '../run/command-job.ts';
import { wordsOf } from '../run/command-words.ts';
import { readHistory } from '../run/history-file.ts';
import { replayExec } from '../run/replay.ts';
import { makeReportFolder, takeReportFolder } from '../run/report-folder.ts';
import { planScenario } from '../run/scenario.ts';
import { newScenarioFile, writeScenarioFile } from '../run/scenario-file.ts';
import { UsageError } from '../run/usage-error.ts';
import { readTrace } from '../trace/read.ts';
import { endedOnPurpose } from '../trace/roles.ts';
import { STEP_UNITS } from '../trace/schema.ts';
import type { CommandScenario } from '../training/trainer.ts';
import { EXIT, onInterrupt, say, sayLast } from './exit.ts';
import { absolute, jsonOption, positive, positives, reportsOption, scenariosOption } from './options.ts';
import { openDisplay } from './progress.ts';
import { checkTelling, reporterOption, type Telling, tell } from './reporters.ts';

interface Options extends Telling {
  readonly steps?: number;
  readonly resumeAt?: number[];
  readonly history?: string;
  readonly resumeWith?: string;
  readonly neverSaveWith?: string;
  readonly stop?: (typeof STOPS)[number];
  readonly grace?: number;
  readonly cwd?: string;
  readonly env: Record<string, string>;
  readonly stepIs?: (typeof STEP_UNITS)[number];
  readonly limit?: number;
  readonly stepLimit?: number;
  readonly jobs: number;
  readonly requireGpu: boolean;
  readonly out?: string;
  readonly reports: string;
  readonly saveScenario?: string;
  readonly scenarios: string;
}

export function execCommand(): Command {
  return new Command('exec')
    .description(
      'Runs a training program, of PyTorch or one that records itself, as control and with resumes, each time as a fresh process that is recorded, judges it and writes a report. {run} stands for the folder that the program writes to.',
    )
    .argument('<command...>', 'the program and its arguments, those of the whole training')
    .option('--steps <n>', 'steps of the whole run; the program may train longer', positive)
    .option('--resume-at <n,n>', 'steps after which the program saves, to stop and resume there', positives)
    .option('--history <file>', 'what each process does, as JSON, instead of --steps and --resume-at')
    .option(
      '--resume-with <args>',
      'arguments for a process that resumes; {checkpoint} is what was saved, {step} the step. By default none: the program looks in {run} by itself',
    )
    .option(
      '--never-save-with <args>',
      'arguments with which the program never saves, for the control; one more process then saves and must equal it',
    )
    .addOption(
      new Option(
        '--stop <how>',
        'how a process is stopped after a save: at once at the next forward pass, by SystemExit there, or by SIGTERM',
      ).choices(STOPS),
    )
    .option('--grace <seconds>', 'most seconds to end after SIGTERM; 30 by default', positive)
    .option('--cwd <dir>', 'working folder; {run} or {own} for one of each process')
    .option('--env <name=value...>', 'variables of the environment', variable, {})
    .addOption(new Option('--step-is <unit>', 'what a step is; a micro-batch by default').choices(STEP_UNITS))
    .option('--limit <seconds>', 'most seconds for a process; 3600 by default', positive)
    .option('--step-limit <seconds>', 'most seconds for a step, start-up included; 600 by default', positive)
    .option('--jobs <n>', 'concurrent processes', positive, 1)
    .option('--require-gpu', 'exit with 3 unless the program runs on a hardware GPU', false)
    .option('--out <dir>', 'folder of the report, new or empty; one in that of reports by default', absolute)
    .addOption(reportsOption())
    .option('--save-scenario <name>', 'write the command as a scenario, for resumeproof run')
    .addOption(scenariosOption())
    .addOption(reporterOption())
    .addOption(jsonOption())
    .passThroughOptions()
    .addHelpText(
      'after',
      `
Examples:
  resumeproof exec --steps 14 --resume-at 6,10 -- python train.py --output_dir {run}
  resumeproof exec --steps 14 --resume-at 6 --resume-with '--resume_from_checkpoint {checkpoint}' -- python train.py --output_dir {run}`,
    )
    .action(async (words: string[], options: Options) => {
      process.exitCode = await run(words as [string, ...string[]], options);
    });
}

function variable(value: string, before: Record<string, string>): Record<string, string> {
  const at = value.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('expected NAME=VALUE.');
  return { ...before, [value.slice(0, at)]: value.slice(at + 1) };
}

async function run([program, ...args]: readonly [string, ...string[]], options: Options): Promise<number> {
  checkTelling(options);
  const scenario = scenarioOf(program, args, options, await planAsked(options));
  const name = options.saveScenario ?? nameOf(program, args);
  const file =
    options.saveScenario === undefined ? undefined : newScenarioFile(options.scenarios, options.saveScenario);
  const loaded = planScenario(name, file ?? name, scenario);
  const signal = onInterrupt();
  const folder =
    options.out === undefined
      ? await makeReportFolder(options.reports, name)
      : await takeReportFolder(options.out);
  // Imported only here, because the report's image library loads slowly.
  const { runGate } = await import('../run/gate.ts');
  const display = openDisplay([loaded]);
  const { gate, report } = await runGate([loaded], {
    backend: 'auto',
    requireGpu: options.requireGpu,
    images: undefined,
    signal,
    folder,
    jobs: options.jobs,
    fast: false,
    replay: () => replayExec([program, ...args], options),
    onProgress: display.progress,
    onVerdict: display.verdict,
  }).finally(() => display.end());
  if (file !== undefined && !signal.aborted) {
    await writeScenarioFile(file, scenario);
    say(`wrote ${path.relative('', file)}`);
  }
  await tell({ gate, report, code: new Map() }, options);
  for (const verdict of gate.verdicts) await sayWhatFailed(verdict, folder);
  if (signal.aborted) say(`${gate.problem ?? 'Interrupted.'} See ${folder}`);
  return signal.aborted ? EXIT.interrupted : gate.passed ? EXIT.passed : EXIT.failed;
}

async function planAsked({ steps, resumeAt, history }: Options): Promise<CommandScenario['plan']> {
  if (history === undefined && steps !== undefined && resumeAt !== undefined) return { steps, resumeAt };
  if (history === undefined || steps !== undefined || resumeAt !== undefined)
    throw new UsageError('expected --steps and --resume-at, or --history alone');
  return readHistory(history);
}

function scenarioOf(
  program: string,
  args: readonly string[],
  options: Options,
  plan: CommandScenario['plan'],
): CommandScenario {
  const { resumeWith, neverSaveWith, stop, grace, env, cwd, stepIs, limit, stepLimit } = options;
  return {
    about: [program, ...args].join(' '),
    plan,
    ...(limit === undefined && stepLimit === undefined
      ? {}
      : {
          limits: {
            ...(stepLimit === undefined ? {} : { step: stepLimit }),
            ...(limit === undefined ? {} : { run: limit }),
          },
        }),
    command: {
      program,
      args: [...args],
      ...(resumeWith === undefined ? {} : { resumeWith: wordsOf(resumeWith) }),
      ...(neverSaveWith === undefined ? {} : { neverSaveWith: wordsOf(neverSaveWith) }),
      ...(stop === undefined ? {} : { stop }),
      ...(grace === undefined ? {} : { grace }),
      ...(Object.keys(env).length === 0 ? {} : { env }),
      ...(cwd === undefined ? {} : { cwd }),
      ...(stepIs === undefined ? {} : { stepIs }),
    },
  };
}

/** After the script that is run: the first word that is a file of code; else after the program. */
function nameOf(program: string, args: readonly string[]): string {
  const script = args.find((word) => /\.(?:py|sh|js|ts|mjs)$/.test(word)) ?? program;
  return path.parse(script).name.replaceAll(/[^\w.-]+/g, '-') || 'command';
}

/** Shows the last words of each process that failed. */
async function sayWhatFailed({ runs }: Verdict, folder: string): Promise<void> {
  for (const { id, trace } of runs) {
    const { process: ended } = await readTrace(path.join(folder, trace));
    if (
      ended === undefined ||
      endedOnPurpose({ process: ended }) ||
      ['exited', 'cancelled'].includes(ended.outcome)
    )
      continue;
    say(`${id} ${ended.outcome === 'crashed' ? 'failed' : `ended by ${ended.outcome}`}; its last lines:`);
    sayLast(ended.stderr);
  }
}
