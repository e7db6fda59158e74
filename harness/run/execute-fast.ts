/** Runs a scenario's processes only until they have shown what the proofs need. */
import { cutPlan } from '../trace/plan.ts';
import type { Plan, Trace } from '../trace/schema.ts';
import { endedControls, startControls } from './controls.ts';
import type { Execution } from './execute.ts';
import { awaitedLater } from './failing.ts';
import type { ProcessResult } from './process.ts';
import { checkpointOf, resumesOf } from './resumes.ts';
import type { LoadedScenario } from './scenario.ts';
import { type ExecuteOptions, emptied, type Start, starter } from './start.ts';

/**
 * Runs the same processes, but ends each as soon as it has shown what the proofs need. The control ends once everything
 * that has moved has moved again after the last resume point; the others end at the same step. If that happens after an
 * earlier resume point, the process resumed there ends too if its findings settle the verdict.
 * @param settled whether the verdict on these traces and this cut plan is final
 */
export async function executeFast(
  loaded: LoadedScenario,
  options: ExecuteOptions,
  settled: (plan: Plan, traces: readonly Trace[]) => boolean,
): Promise<Execution> {
  const { plan } = loaded;
  emptied(options.folder);
  const start = starter(loaded, options);
  const checkpoint = checkpointOf(plan, options.folder, 0);
  const [control, before] = await Promise.all([
    start('control', 0, { settle: true }),
    start('before', 0, { saveTo: checkpoint }),
  ]);
  const until = control.trace.end?.step ?? plan.steps;
  const alike: Start = (role, segment, part) => start(role, segment, { ...part, until });
  const backend = control.skip === undefined ? control.trace.run?.backend : undefined;
  const beside = backend && startControls(plan, backend, alike);
  const controls = awaitedLater(endedControls(control, beside, alike));
  const saved = before.trace.end !== undefined;
  const cold = saved && options.cold ? alike('cold', 1, { checkpoint }) : undefined;
  const afters: ProcessResult[] = [];
  const soFar = async (): Promise<ProcessResult[]> => [
    control,
    ...(await controls),
    before,
    ...afters,
    ...(cold === undefined ? [] : [await cold]),
  ];
  let refutedAt: number | undefined;
  const resume: Start = async (role, segment, part) => {
    const askAt = part?.saveTo == null ? null : lookAfter(control.trace, plan, segment);
    // A process keeps its slot while it asks, so the processes that it would wait for must end first.
    if (askAt !== null) await soFar();
    return start(role, segment, { ...part, until, askAt }, async (trace) => {
      const traces = (await soFar()).map((own) => own.trace);
      if (!settled(cutPlan(plan, askAt!), [...traces, trace])) return true;
      refutedAt = askAt!;
      return false;
    });
  };
  for await (const { after } of saved ? resumesOf(plan, options.folder, checkpoint, resume) : []) {
    afters.push(after);
    if (refutedAt !== undefined) break;
  }
  const results = await soFar();
  const steps = refutedAt ?? until;
  const why =
    refutedAt === undefined
      ? 'everything that had moved in the control had moved again'
      : 'the findings settle the verdict';
  return {
    traces: results.map(({ trace }) => trace),
    skip: results.find(({ skip }) => skip !== undefined)?.skip,
    plan: cutPlan(plan, steps),
    cut: steps < plan.steps ? why : undefined,
  };
}

/** The step of the control's first look between a resume point and the next; null if it took none. */
function lookAfter({ states }: Trace, { resumeAt }: Plan, segment: number): number | null {
  const [from, to] = [resumeAt[segment - 1]!, resumeAt[segment]!];
  return states.find(({ at, step }) => at === 'pass' && step > from && step < to)?.step ?? null;
}
