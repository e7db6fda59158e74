/** Measures how long the gate takes as its users start it, and where the time goes. */
import path from 'node:path';
import { collectEvidence } from '../../harness/judge/collect.ts';
import { judge } from '../../harness/judge/judge.ts';
import type { Gate } from '../../harness/judge/verdict.ts';
import { openReport } from '../../harness/report/write.ts';
import { readTrace } from '../../harness/trace/read.ts';
import type { Trace } from '../../harness/trace/schema.ts';
import { withGate } from '../lib/gate.ts';

export interface GateCost {
  /** From the command's start to its exit. */
  readonly seconds: number;
  readonly passed: boolean;
  readonly scenarios: number;
  /** Seconds summed over the gate's processes, several of which run at a time. */
  readonly processes: {
    readonly count: number;
    /** From process start to the first step, plus the end of the process. */
    readonly startup: number;
    readonly training: number;
    readonly probing: number;
    readonly sampling: number;
    readonly saving: number;
  };
  /** Seconds in the gate's own process: reading and judging the traces, and writing the report. */
  readonly judging: number;
  readonly report: number;
}

/** @param args arguments of `resumeproof run`, besides the backend */
export const measureGate = (args: readonly string[]): Promise<GateCost> =>
  withGate([...args, '--backend', 'wasm'], async ({ gate, folder, seconds }) => ({
    seconds,
    ...(await costsOf(gate, folder)),
  }));

async function costsOf(gate: Gate, run: string): Promise<Omit<GateCost, 'seconds'>> {
  const traces = new Map<string, Trace[]>();
  const judging = await timed(async () => {
    for (const { scenario, about, expect, replay, plan, runs } of gate.verdicts) {
      const own = await Promise.all(runs.map(({ trace }) => readTrace(path.join(run, trace))));
      traces.set(scenario, own);
      judge({ scenario, about, expect, replay }, collectEvidence(plan, gate.backend, own));
    }
  });
  // Overwrites the first report: only its folder has the samples where the traces say.
  const report = await timed(async () => {
    const own = openReport(run);
    for (const verdict of gate.verdicts) await own.add(verdict, traces.get(verdict.scenario)!);
    await own.write(gate);
  });
  return {
    passed: gate.passed,
    scenarios: gate.verdicts.length,
    processes: costsOfProcesses([...traces.values()].flat()),
    judging,
    report,
  };
}

function costsOfProcesses(traces: readonly Trace[]): GateCost['processes'] {
  const sum = (of: (trace: Trace) => number | undefined): number =>
    traces.reduce((total, trace) => total + (of(trace) ?? 0), 0);
  const training = sum(({ end }) => end?.seconds.training);
  const probing = sum(({ end }) => end?.seconds.probing);
  const sampling = sum(({ end }) => end?.seconds.sampling);
  const saving = sum(({ saved }) => saved.reduce((total, { seconds }) => total + seconds, 0));
  const whole = sum(({ process }) => process?.seconds);
  const startup = whole - training - probing - sampling - saving;
  return { count: traces.length, startup, training, probing, sampling, saving };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
