/** Runs and judges the scenario of one file, and says the verdict as the message of an error. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { command } from '../backend/command.ts';
import { BACKENDS } from '../backend/names.ts';
import { PROOFS } from '../judge/verdict.ts';
import { writeWhole } from '../report/files.ts';
import { explaining } from '../report/summary.ts';
import { visible } from '../report/text.ts';
import type { ScenarioHistory } from '../training/trainer.ts';
import { type RequestWords, withAskedPlan } from './asked-plan.ts';
import { askedHistorySchema } from './check-history.ts';
import { runGate } from './gate.ts';
import { inspectScenarios } from './inspect.ts';
import type { Verifications } from './kernel-verifier.ts';
import type { ReportedVerdict } from './not-proven.ts';
import type { ProveResumeOptions } from './prove-options.ts';
import { replayScenario } from './replay.ts';
import { makeReportFolder } from './report-folder.ts';
import { requireBackends } from './requirements.ts';
import { type LoadedScenario, scenariosFolder, selectScenarios } from './scenario.ts';
import { UsageError } from './usage-error.ts';

/** A test may prove one scenario after another. */
const verifications: Verifications = new Map();

const WORDS: RequestWords = { steps: 'steps', resumeAt: 'resumeAt', history: 'history' };
const count = z.int().positive();
/** By its members, because a test's environment may have a class of its own for it. */
export const isSignal = (value: unknown): boolean =>
  typeof (value as AbortSignal | null)?.aborted === 'boolean' &&
  typeof (value as AbortSignal).addEventListener === 'function';

/** Strict, because a misspelt option would prove something else than what the test says. */
const optionsSchema = z.strictObject({
  backend: z.enum(['auto', ...BACKENDS]).default('auto'),
  steps: count.optional(),
  resumeAt: z.union([count, z.array(count).min(1)]).optional(),
  history: askedHistorySchema.optional(),
  fast: z.boolean().default(false),
  jobs: count.default(availableParallelism()),
  reports: z.string().min(1).default('reports'),
  signal: z.custom<AbortSignal>(isSignal, 'expected an AbortSignal').optional(),
});

/**
 * Runs and judges a scenario.
 * @throws {UsageError} when the file is not a scenario, or the options cannot be run
 * @throws the reason of an abort
 */
export async function proveFile(file: string | URL, asked: ProveResumeOptions): Promise<ReportedVerdict> {
  const { signal = new AbortController().signal, ...options } = checkedBy(optionsSchema, asked);
  signal.throwIfAborted();
  const loaded = await scenarioAt(file);
  const softwareGpu = await requireBackends([loaded], { backend: options.backend, requireGpu: false });
  const { steps, resumeAt, history } = options;
  const scenario = withAskedPlan(
    loaded,
    {
      ...(steps === undefined ? {} : { steps }),
      ...(resumeAt === undefined ? {} : { resumeAt: [resumeAt].flat() }),
      ...(history === undefined ? {} : { history: history as ScenarioHistory }),
    },
    softwareGpu,
    WORDS,
  );
  signal.throwIfAborted();
  const folder = await makeReportFolder(path.resolve(options.reports), `${scenario.name}-${options.backend}`);
  // The command that runs it again reads it from there.
  const historyFile =
    history === undefined ? {} : { historyFile: await writeWhole(folder, 'history.json', jsonOf(history)) };
  const source = { backend: options.backend, scenarios: scenariosFolder(), fast: options.fast };
  const { gate, report } = await runGate([scenario], {
    backend: options.backend,
    requireGpu: false,
    images: undefined,
    folder,
    jobs: options.jobs,
    fast: options.fast,
    signal,
    verifications,
    replay: (own) => replayScenario(own, { ...source, ...historyFile }),
  });
  const [verdict] = gate.verdicts;
  if (verdict !== undefined) return { ...verdict, report: report.html };
  await rm(folder, { recursive: true, force: true });
  throw signal.reason;
}

/** @throws {UsageError} in one line, when the options do not follow the schema */
export function checkedBy<Schema extends z.ZodType>(schema: Schema, asked: unknown): z.output<Schema> {
  const { error, data } = schema.safeParse(asked);
  if (error === undefined) return data;
  const { path: where, message } = error.issues[0]!;
  throw new UsageError(`${where.length === 0 ? 'the options' : where.join('.')}: ${message}`);
}

/** A URL is known by its members, as a signal is. */
function pathOf(file: string | URL): string {
  const named = typeof file === 'string' ? file : (file as URL | null)?.href;
  if (typeof named !== 'string')
    throw new UsageError(
      'expected the URL or the path of a scenario file; a function cannot go to another process',
    );
  if (/^file:/i.test(named)) return fileURLToPath(named);
  if (typeof file !== 'string') throw new UsageError(`expected a file: URL, received ${named}`);
  return path.resolve(named);
}

/** @throws {UsageError} when there is no such file, or it is not a scenario */
export async function scenarioAt(named: string | URL): Promise<LoadedScenario> {
  const file = pathOf(named);
  if (!existsSync(file)) throw new UsageError(`no scenario file at ${file}`);
  const selected = await selectScenarios(scenariosFolder(), [file]);
  const [loaded] = await inspectScenarios(selected);
  return loaded!;
}

const jsonOf = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Nothing passes by default: what was skipped or is undecided is not proven. */
export const isProven = ({ outcome, asExpected }: ReportedVerdict): boolean =>
  outcome === 'proven' && asExpected;

/** Whether it shows that a resume fails: by the rules that the scenario expects, if it expects some. */
export const isRefuted = ({ outcome, asExpected, expect }: ReportedVerdict): boolean =>
  outcome === 'refuted' && (asExpected || expect === 'proven');

export const removeReport = ({ report }: ReportedVerdict): Promise<void> =>
  rm(path.dirname(report), { recursive: true, force: true });

const MARKS = { proven: '✓', refuted: '✗', inconclusive: '?' } as const;

/** The verdict in lines: the headline, the proofs, the likely cause, the fix, the report and the command to repeat it. */
export function verdictText(verdict: ReportedVerdict): string {
  const { scenario, outcome, asExpected, expect, headline, mismatch, proofs, findings, report, replay } =
    verdict;
  const [first] = findings;
  const as = asExpected && expect !== 'proven' ? `, as it expects` : '';
  const rows: [string, string][] = [
    ...(proofs === null
      ? []
      : PROOFS.map((proof): [string, string] => [proof, `${MARKS[proofs[proof]]} ${proofs[proof]}`])),
    ...(first === undefined
      ? []
      : ([
          ['likely cause', first.likelyCause],
          ['fix', first.fix],
          ['see', explaining(first.rule, command())],
        ] satisfies [string, string][])),
    ['report', path.relative('', report)],
    ['run again', replay],
  ];
  return visible(
    [
      `${scenario} is ${outcome}${as}: ${headline}`,
      ...(mismatch === null || mismatch === headline || expect === 'proven' ? [] : [mismatch]),
      '',
      ...rows.map(([name, value]) => `  ${`${name}:`.padEnd(14)}${value}`),
    ].join('\n'),
    Number.POSITIVE_INFINITY,
  );
}
