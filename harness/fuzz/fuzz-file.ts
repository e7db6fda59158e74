/** Fuzzes the scenario of one file, and says what failed as the message of an error. */
import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { BACKENDS } from '../backend/names.ts';
import { NotProvenError } from '../run/not-proven.ts';
import { checkedBy, isSignal, scenarioAt, verdictText } from '../run/prove-file.ts';
import { replayScenario } from '../run/replay.ts';
import { makeReportFolder } from '../run/report-folder.ts';
import { requireBackends } from '../run/requirements.ts';
import { scenariosFolder } from '../run/scenario.ts';
import { describeHistory } from '../trace/history.ts';
import type { ScenarioHistory } from '../training/trainer.ts';
import { withFirstHistory } from './first-history.ts';
import { type Fuzzed, fuzzScenario } from './fuzz.ts';
import { type FuzzedResume, type FuzzResumeOptions, REGRESSIONS, RESUMES, RUNS } from './fuzz-options.ts';

const WORDS = { maxSteps: 'maxSteps', resumeOn: 'resumeOn' };
const count = z.int().positive();

const optionsSchema = z.strictObject({
  backend: z.enum(['auto', ...BACKENDS]).default('auto'),
  runs: count.optional(),
  seconds: z.number().positive().max(1e6).optional(),
  seed: z.int32().optional(),
  maxSteps: count.optional(),
  maxResumes: count.default(RESUMES),
  resumeOn: z.array(z.enum(BACKENDS)).min(1).optional(),
  regressions: z.string().min(1).default(REGRESSIONS),
  jobs: count.default(availableParallelism()),
  reports: z.string().min(1).default('reports'),
  signal: z.custom<AbortSignal>(isSignal, 'expected an AbortSignal').optional(),
});

export async function fuzzFile(file: string | URL, asked: FuzzResumeOptions): Promise<FuzzedResume> {
  const options = checkedBy(optionsSchema, asked);
  const { backend, signal = new AbortController().signal, seconds, runs } = options;
  signal.throwIfAborted();
  const inspected = await scenarioAt(file);
  const softwareGpu = await requireBackends([inspected], { backend, requireGpu: false });
  const loaded = withFirstHistory(inspected, options, softwareGpu, WORDS);
  const source = { backend, scenarios: scenariosFolder(), fast: false };
  const folder = await makeReportFolder(path.resolve(options.reports), `fuzz-${loaded.name}-${backend}`);
  const fuzzed = await fuzzScenario(loaded, {
    backend,
    requireGpu: false,
    images: undefined,
    jobs: options.jobs,
    runs: runs ?? (seconds === undefined ? RUNS : Number.POSITIVE_INFINITY),
    time: seconds === undefined ? undefined : seconds * 1000,
    seed: options.seed ?? Date.now() % 2 ** 31,
    maxResumes: options.maxResumes,
    resumeOn: options.resumeOn,
    regressions: path.resolve(options.regressions),
    folder,
    signal,
    replay: (own, historyFile) =>
      replayScenario(own, { ...source, ...(historyFile === undefined ? {} : { historyFile }) }),
  });
  if (fuzzed.report === null) await rm(folder, { recursive: true, force: true });
  signal.throwIfAborted();
  return checked(fuzzed);
}

/** @throws {NotProvenError} if a history failed, {Error} if none was proven */
function checked({ scenario, cases, failures, seed, report, regressions }: Fuzzed): FuzzedResume {
  const of = (outcome: string): number => cases.filter(({ verdict }) => verdict.outcome === outcome).length;
  const [first, ...others] = failures;
  if (first !== undefined) {
    const verdict = { ...first.again, report: report! };
    const lines = [
      verdictText(verdict),
      `  history:      ${describeHistory(first.smallest.history)}`,
      ...others.map(
        ({ again, smallest }) => `  also fails:   ${describeHistory(smallest.history)}: ${again.headline}`,
      ),
      `  seed:         ${seed}`,
      ...(regressions.added === 0 ? [] : [`  commit:       ${path.relative('', regressions.file)}`]),
    ];
    throw new NotProvenError(lines.join('\n'), verdict);
  }
  const [example] = cases;
  if (of('proven') === 0)
    throw new Error(
      `${scenario}: nothing is proven by ${cases.length} histories (seed ${seed}), such as: ${example?.verdict.headline ?? 'none was run'}`,
    );
  return {
    seed,
    proven: of('proven'),
    inconclusive: of('inconclusive'),
    histories: cases.map(({ history }) => history as ScenarioHistory),
  };
}
