/** Runs a whole scenario in this process with the real probe, traces and judge, to test many cases quickly. */
import path from 'node:path';
import { collectEvidence } from '../../judge/collect.ts';
import { type Judgement, judge } from '../../judge/judge.ts';
import { createProbe, type SamplePoint } from '../../probe/probe.ts';
import { firstStep, idOf, sourceOf } from '../../trace/plan.ts';
import { readTrace } from '../../trace/read.ts';
import { isControl } from '../../trace/roles.ts';
import { type BackendRecord, type Plan, type Role, TRACE_FORMAT, type Trace } from '../../trace/schema.ts';
import { createTrace } from '../../trace/write.ts';
import type { Scenario } from '../../training/trainer.ts';

export interface Rehearsal {
  readonly scenario: Pick<Scenario, 'trainer' | 'lacks' | 'deviates'>;
  readonly plan: Plan;
  readonly backend: BackendRecord;
  /** A fresh folder. */
  readonly folder: string;
  readonly controls: number;
  /** Called before each run; the runs are numbered from 0. */
  readonly onRun: (run: number) => void;
}

export async function rehearse(rehearsal: Rehearsal): Promise<Judgement> {
  const { plan, backend } = rehearsal;
  const subject = { scenario: 'rehearsed', about: '', expect: 'proven' as const, replay: '' };
  return judge(subject, collectEvidence(plan, backend.name, await rehearseRuns(rehearsal)));
}

/** Only the traces: of the control, its twins, the run before the first resume and those after each. */
export async function rehearseRuns(rehearsal: Rehearsal): Promise<readonly Trace[]> {
  const { plan, folder } = rehearsal;
  const checkpoint = (index: number): string => path.join(folder, `checkpoint-${index}`);
  const traces: Trace[] = [];
  let runs = 0;
  const run = async (role: Role, segment: number): Promise<void> => {
    rehearsal.onRun(runs++);
    traces.push(await runHere(rehearsal, role, segment, checkpoint));
  };
  await run('control', 0);
  for (let twin = 1; twin < rehearsal.controls; twin++) await run('twin', twin);
  await run('before', 0);
  for (let segment = 1; segment <= plan.resumeAt.length; segment++) await run('after', segment);
  return traces;
}

async function runHere(
  { scenario, plan, backend, folder }: Rehearsal,
  role: Role,
  segment: number,
  checkpoint: (index: number) => string,
): Promise<Trace> {
  const file = path.join(folder, idOf(role, segment), 'trace.jsonl');
  const trace = createTrace(file);
  const first = firstStep(role, segment, plan);
  const last = (isControl(role) ? undefined : plan.resumeAt[segment]) ?? plan.steps;
  trace.write({
    kind: 'run',
    format: TRACE_FORMAT,
    scenario: 'rehearsed',
    role,
    id: idOf(role, segment),
    horizon: plan.steps,
    until: last,
    stepIs: 'micro-batch',
    seed: 0,
    lacks: [...(scenario.lacks ?? [])],
    ...(scenario.deviates === undefined ? {} : { deviates: [...scenario.deviates] }),
    backend,
    process: { pid: process.pid, runtime: `Node ${process.version}`, platform: process.platform },
  });
  const trainer = await scenario.trainer({
    role,
    seed: 0,
    plan,
    images: undefined,
    checkpoint: role === 'after' ? checkpoint(segment - 1) : undefined,
    weightsOnly: false,
  });
  const probe = createProbe(trainer, path.dirname(file), trace.write);
  const record = async (at: SamplePoint, step: number): Promise<void> => {
    await probe.sample(at, step);
    await probe.state(at, step);
  };
  const source = sourceOf(role, segment);
  if (source !== null) {
    trace.write({ kind: 'resumed', step: first, from: { process: source, checkpoint: `step-${first}` } });
  }
  if (first === 0) await probe.state('start', 0);
  else await record('resume', first);
  const goesOn = isControl(role);
  for (let step = first + 1; step <= last; step++) {
    await probe.step(step);
    if (!(goesOn || step < last) || !plan.resumeAt.includes(step)) continue;
    await record('pass', step);
    if (scenario.deviates === undefined) continue;
    await trainer.deviate!(scenario.deviates);
    await record('deviated', step);
  }
  // A run may also be saved and resumed after its last step.
  const saves = !goesOn && segment < plan.resumeAt.length;
  await record(saves ? 'save' : 'end', last);
  if (saves) {
    await trainer.save(checkpoint(segment));
    trace.write({ kind: 'saved', step: last, checkpoint: `step-${last}`, seconds: 0, bytes: 1 });
  }
  trace.write({
    kind: 'end',
    step: last,
    seconds: { startup: 0, training: 0, probing: 0, sampling: 0 },
  });
  // Stands for the process that a gate would start.
  trace.write({ kind: 'process', outcome: 'exited', exitCode: 0, signal: null, seconds: 0, stderr: [] });
  trace.close();
  return readTrace(file);
}
