/** Runs a chain's processes only until they have shown what the proofs need. */
import { type History, historyOf, planOf } from '../trace/history.ts';
import { cutPlan } from '../trace/plan.ts';
import type { Trace } from '../trace/schema.ts';
import { endedControls, startControls } from './controls.ts';
import { copiedForCold, type Execution } from './execute.ts';
import { awaitedLater } from './failing.ts';
import { coldPart, controlPart, type Part } from './parts.ts';
import type { ProcessResult } from './process.ts';
import { beginIn, resultsOf, runHistory } from './run-history.ts';
import type { LoadedScenario } from './scenario.ts';
import { type ExecuteOptions, emptied, type Start, starter } from './start.ts';

/**
 * Runs the same processes, but ends each as soon as it has shown what the proofs need. The control ends once everything
 * that has moved has moved again after the last resume point; the others end at the same step. If that happens after an
 * earlier resume point, the process resumed there ends too if its findings settle the verdict.
 * @param loaded with a history that is a chain
 * @param settled whether the verdict on these traces and this cut history is final
 */
export async function executeFast(
  loaded: LoadedScenario,
  options: ExecuteOptions,
  settled: (history: History, traces: readonly Trace[]) => boolean,
): Promise<Execution> {
  const { history } = loaded;
  const { folder } = options;
  const plan = planOf(history);
  emptied(folder);
  const start = starter(loaded, options);
  const controlled = start(controlPart(history), { settle: true });
  const until = controlled.then(({ trace }) => trace.end?.step ?? plan.steps);
  /** Ends where the control has ended, unless it saves before. */
  const alike: Start = async (part, how) =>
    start(part.saves.length > 0 ? part : { ...part, until: await until }, how);
  let cold: Promise<ProcessResult> | undefined;
  let controls: Promise<readonly ProcessResult[]> | undefined;
  let before: ProcessResult | undefined;
  const afters: ProcessResult[] = [];
  const soFar = async (): Promise<ProcessResult[]> => [
    await controlled,
    ...((await controls) ?? []),
    ...(before === undefined ? [] : [before]),
    ...afters,
    ...(cold === undefined ? [] : [await cold]),
  ];
  let refutedAt: number | undefined;
  const first: Start = async (part, how) => {
    const own = start(part, how);
    const control = await controlled;
    before = await own;
    const backend = control.skip === undefined ? control.trace.run?.backend : undefined;
    const beside = backend && startControls(history, backend, alike);
    controls = awaitedLater(endedControls(history, control, beside, alike));
    const checkpoint = options.cold ? await copiedForCold(history, folder) : undefined;
    if (checkpoint !== undefined) cold = alike(coldPart(history), { checkpoint });
    return before;
  };
  const resume: Start = async (part, how) => {
    const askAt = part.saves.length === 0 ? null : lookAfter((await controlled).trace, part);
    // A process keeps its slot while it asks, so the processes that it would wait for must end first.
    if (askAt !== null) await soFar();
    const after = await alike(part, {
      ...how,
      askAt,
      onAsk: async (trace) => {
        const traces = (await soFar()).map((own) => own.trace);
        if (!settled(historyOf(cutPlan(plan, askAt!)), [...traces, trace])) return true;
        refutedAt = askAt!;
        return false;
      },
    });
    afters.push(after);
    return after;
  };
  await resultsOf(
    runHistory(history, {
      begin: beginIn(history, {
        folder,
        start: (part, how) => (part.from === null ? first : resume)(part, how),
      }),
      enough: () => refutedAt !== undefined,
    }),
  );
  const results = await soFar();
  const steps = refutedAt ?? (await until);
  const why =
    refutedAt === undefined
      ? 'everything that had moved in the control had moved again'
      : 'the findings settle the verdict';
  return {
    traces: results.map(({ trace }) => trace),
    skip: results.find(({ skip }) => skip !== undefined)?.skip,
    history: historyOf(cutPlan(plan, steps)),
    cut: steps < plan.steps ? why : undefined,
  };
}

/** The step of the control's first look between a resume point and the next; null if it took none. */
function lookAfter({ states }: Trace, { from, until }: Part): number | null {
  return states.find(({ at, step }) => at === 'pass' && step > from!.step && step < until)?.step ?? null;
}
