/** The gate: executes every scenario, judges each as soon as its processes have ended, and writes the report. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import pLimit from 'p-limit';
import { baselineChanges, controlOf, replacedSamples } from '../judge/baseline.ts';
import { caveatsOf, kernelsOf } from '../judge/caveats.ts';
import { collectEvidence } from '../judge/collect.ts';
import { cutShort, settles } from '../judge/cut.ts';
import { type Judgement, judge, skipped } from '../judge/judge.ts';
import type { Gate, Verdict } from '../judge/verdict.ts';
import { relativeTo } from '../report/location.ts';
import { compareGates, endNormOf, NO_PAST, pastRunOf } from '../report/past.ts';
import type { Comparison } from '../report/past-changes.ts';
import { openReport, type ReportFiles } from '../report/write.ts';
import { type History, isChain, planOf } from '../trace/history.ts';
import type { Trace } from '../trace/schema.ts';
import { copySamples, readBaseline } from './baselines.ts';
import { executeCommand } from './command-execute.ts';
import { type Execution, executeScenario } from './execute.ts';
import { executeFast } from './execute-fast.ts';
import { awaitedLater, failing } from './failing.ts';
import { chosenByAuto, lackedByWasm, onCpuFor } from './fallback.ts';
import { gateOf } from './gate-of.ts';
import { runsOf } from './keep.ts';
import { type KernelVerifier, kernelVerifier, type Verifications } from './kernel-verifier.ts';
import { currentOrigin } from './origin.ts';
import type { Part } from './parts.ts';
import { readPastRuns, recordPastRun } from './past-runs.ts';
import type { ProcessEvent } from './process-event.ts';
import type { LoadedScenario } from './scenario.ts';
import type { ExecuteOptions } from './start.ts';
import { subjectOf } from './subject.ts';

export interface GateOptions extends Pick<ExecuteOptions, 'backend' | 'requireGpu' | 'images' | 'signal'> {
  /** The run's folder. It must not exist yet. */
  readonly folder: string;
  /** Concurrent processes. */
  readonly jobs: number;
  /** The command that runs a scenario again. */
  readonly replay: (scenario: LoadedScenario) => string;
  readonly onProgress?: (scenario: string, part: Part, event: ProcessEvent) => void;
  /** End each run as soon as all proofs are settled. */
  readonly fast: boolean;
  readonly onVerdict?: (verdict: Verdict) => void;
  /** The folder of reports that keeps what earlier runs found; it is neither read nor written by default. */
  readonly past?: string;
  /** The folder of baselines to compare controls with; nothing is compared by default. */
  readonly baselines?: string;
  /** An earlier gate to compare with. */
  readonly compared?: Gate | undefined;
  /** Of gates before this one, for a process that runs several; each gate has its own by default. */
  readonly verifications?: Verifications;
}

export interface GateResult {
  readonly gate: Gate;
  readonly report: ReportFiles;
  /** Only where the gate was compared with an earlier one. */
  readonly comparison?: Comparison;
}

/**
 * Runs the scenarios in parallel. After an abort, the gate's problem says how many finished.
 * @throws a failure of the harness itself: it ends the other scenarios, and the finished ones are still reported
 */
export async function runGate(
  scenarios: readonly LoadedScenario[],
  options: GateOptions,
): Promise<GateResult> {
  const startedAt = new Date();
  await mkdir(options.folder, { recursive: true });
  const limit = pLimit(options.jobs);
  const { signal, attempt, finish } = failing(options.signal);
  const verifyKernels = kernelVerifier(limit, signal, options.verifications);
  const past = options.past === undefined ? NO_PAST : await readPastRuns(options.past);
  const report = openReport(options.folder, {
    ...past,
    runs: past.runs.filter(({ backend }) => backend === options.backend),
  });
  const norms = new Map<string, number>();
  const baselines: Gate['baselines'] = [];
  // Each running scenario always has a process to run, so more scenarios would not keep more cores busy.
  const scenariosAtATime = pLimit(options.jobs);
  const results = await scenariosAtATime.map(scenarios, (scenario) =>
    attempt(async () => {
      if (signal.aborted) return undefined;
      const { verdict, traces } = await proveScenario(scenario, {
        ...options,
        signal,
        limit,
        verifyKernels,
        cold: scenario.scenario.cold ?? false,
        folder: path.join(options.folder, scenario.name),
        root: options.folder,
        replay: options.replay(scenario),
        onProgress: (...event) => options.onProgress?.(scenario.name, ...event),
      });
      if (signal.aborted) return undefined;
      const compared = await comparedBaseline(options, verdict, traces);
      await report.add(verdict, traces, compared?.samples);
      if (compared !== undefined) baselines.push(compared);
      const norm = endNormOf(traces);
      if (norm !== undefined) norms.set(verdict.scenario, norm);
      options.onVerdict?.(verdict);
      return verdict;
    }),
  );
  const verdicts = results.filter((verdict) => verdict !== undefined);
  const order = verdicts.map(({ scenario }) => scenario);
  return finish(async (failure) => {
    const run = {
      startedAt: startedAt.toISOString(),
      seconds: (Date.now() - startedAt.getTime()) / 1000,
      origin: currentOrigin(),
      backend: options.backend,
      baselines: baselines.sort((a, b) => order.indexOf(a.scenario) - order.indexOf(b.scenario)),
      verdicts,
    };
    const gate = gateOf(run, scenarios.length, failure);
    const comparison = options.compared === undefined ? undefined : compareGates(options.compared, gate);
    const files = await report.write(gate, comparison);
    // A run that did not finish says nothing of the scenarios that are missing.
    if (options.past !== undefined && gate.verdicts.length === scenarios.length)
      await recordPastRun(options.past, pastRunOf(gate, path.basename(options.folder), norms));
    return { gate, report: files, ...(comparison === undefined ? {} : { comparison }) };
  });
}

/** How the control differs from the scenario's baseline, if there is one. */
async function comparedBaseline(
  { baselines, folder }: GateOptions,
  { scenario }: Verdict,
  traces: readonly Trace[],
): Promise<Gate['baselines'][number] | undefined> {
  const control = controlOf(traces);
  if (baselines === undefined || control?.run === undefined) return undefined;
  const found = await readBaseline(baselines, scenario, control.run.backend.name);
  if (found === undefined) return undefined;
  const replaced = replacedSamples(found.baseline, control);
  const { deterministic } = control.run.backend;
  const own = path.join(folder, scenario, 'baseline');
  const samples = await copySamples(found.file, replaced, deterministic, folder, own);
  const file = path.relative(folder, found.file).split(path.sep).join('/');
  return { scenario, file, changes: baselineChanges(found.baseline, control), samples };
}

export interface ProveOptions extends Omit<ExecuteOptions, 'onTrace'> {
  readonly fast: boolean;
  /** Verifies the kernels that the scenario used; without it the verdict has no caveats. */
  readonly verifyKernels?: KernelVerifier;
  /** Traces are named relative to this folder. */
  readonly root: string;
  readonly replay: string;
}

interface Proved {
  readonly verdict: Verdict;
  readonly traces: readonly Trace[];
  readonly savable: Execution['savable'];
  readonly killable: Execution['killable'];
}

/** Executes and judges one scenario. `auto` chooses cpu, which has every kernel, where wasm lacks one. */
export async function proveScenario(loaded: LoadedScenario, options: ProveOptions): Promise<Proved> {
  const proved = await proveOnBackend(loaded, options);
  const kernels = options.backend === 'auto' ? lackedByWasm(loaded, proved) : undefined;
  if (kernels === undefined || options.signal.aborted) return proved;
  const again = await proveOnBackend(loaded, { ...options, backend: 'cpu' });
  const { caveats, seconds } = again.verdict;
  const verdict = {
    ...chosenByAuto(again.verdict),
    caveats: [onCpuFor(kernels), ...caveats],
    seconds: seconds + proved.verdict.seconds,
  };
  return { ...again, verdict };
}

async function proveOnBackend(
  loaded: LoadedScenario,
  options: ProveOptions,
): Promise<Proved & Pick<Execution, 'skip'>> {
  const start = performance.now();
  const { history } = loaded;
  const { command } = loaded.scenario;
  // A command runs on a device that it picks itself, and no TensorFlow.js runs in it.
  const verifyKernels = command === undefined ? options.verifyKernels : undefined;
  const backend = command === undefined ? options.backend : 'auto';
  const subject = subjectOf(loaded, options.replay);
  const judged = (run: History, traces: readonly Trace[]): Judgement =>
    judge(subject, collectEvidence(run, backend, traces));
  const own: ExecuteOptions = {
    ...options,
    // The control uses the same kernels as the others, so they are verified while the others still run.
    onTrace: (trace) => {
      if (trace.run === undefined || verifyKernels === undefined) return;
      void awaitedLater(verifyKernels(trace.run.backend.name, kernelsOf([trace])));
    },
  };
  const judgedExecution = ({ skip, history: run, traces, cut }: Execution): Judgement => {
    if (skip !== undefined) return skipped(subject, history, skip);
    const judgement = judged(run, traces);
    return cut === undefined ? judgement : cutShort(judgement, planOf(history), cut);
  };
  const execute = (): Promise<Execution> =>
    command === undefined ? executeScenario(loaded, own) : executeCommand(loaded, command, own);
  // Nobody can ask a command whether it has shown enough. Only of a chain is each beginning a run of its own.
  let execution =
    options.fast && command === undefined && isChain(history)
      ? await executeFast(loaded, own, (cut, traces) => {
          const judgement = judged(cut, traces);
          return judgement.outcome === 'refuted' && settles(judgement);
        })
      : await execute();
  let judgement = judgedExecution(execution);
  const open = execution.cut !== undefined && !settles(judgement);
  // If a process died, it would die in a longer run too.
  if (open && execution.traces.every(({ end }) => end !== undefined) && !options.signal.aborted) {
    execution = await execute();
    judgement = judgedExecution(execution);
  }
  const { traces } = execution;
  const caveats = verifyKernels === undefined ? [] : await caveatsAmong(traces, verifyKernels);
  const verdict: Verdict = {
    ...judgement,
    // The command line can make a scenario that has no file.
    file: existsSync(loaded.file) ? relativeTo('', loaded.file) : null,
    caveats,
    seconds: (performance.now() - start) / 1000,
    runs: runsOf(traces, options.root),
  };
  const { savable, killable, skip } = execution;
  return { verdict, traces, savable, killable, skip };
}

async function caveatsAmong(traces: readonly Trace[], verify: KernelVerifier): Promise<string[]> {
  const backends = Map.groupBy(traces, ({ run }) => run?.backend.name);
  const caveats = [...backends].map(async ([backend, own]) =>
    backend === undefined ? [] : caveatsOf(own, await verify(backend, kernelsOf(own))),
  );
  return (await Promise.all(caveats)).flat();
}
