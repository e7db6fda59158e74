/** Arranges the traces of one scenario by process and by resume. */
import { type History, historyOf, planOf, resumesIn } from '../trace/history.ts';
import type { Plan, SampleRecord, StateRecord, Trace } from '../trace/schema.ts';
import { comparable, unheldIn, withoutLoneZeros } from './comparable.ts';
import { changesAt, expectedSamples, expectedState } from './deviations.ts';
import { type Evidence, type Resume, stepsBetween } from './evidence.ts';
import { withLazySlots } from './lazy-slots.ts';
import { noiseAmong } from './noise/noise.ts';
import { byRank } from './ranks.ts';
import { withOwners } from './slot-names.ts';
import { withStepCounters } from './step-slots.ts';

const stateAt = (trace: Trace | undefined, step: number, kinds: readonly StateRecord['at'][]) =>
  trace?.states.find((state) => state.step === step && kinds.includes(state.at));

const samplesAt = (trace: Trace | undefined, step: number, kinds: readonly SampleRecord['at'][]) =>
  trace?.samples.filter((sample) => sample.step === step && kinds.includes(sample.at)) ?? [];

/**
 * Arranges the traces of one scenario for {@link judge}.
 * @param asked the plan or the history that the processes follow; {@link historyIn} reads one from traces
 * @param requestedBackend the requested backend, or `auto`
 * @param given the traces, in any order; the run record of each names its role and its rank
 * @returns the evidence of the lowest rank; its `ranks` has that of each
 * @example
 * ```ts
 * import { collectEvidence, readTrace } from 'resumeproof/judge';
 *
 * const files = ['control', 'before', 'after'].map((run) => `runs/${run}/trace.jsonl`);
 * const traces = await Promise.all(files.map(readTrace));
 * const evidence = collectEvidence({ steps: 8, resumeAt: [4] }, 'auto', traces);
 * console.log(evidence.resumes.length);
 * ```
 */
export function collectEvidence(
  asked: Plan | History,
  requestedBackend: string,
  given: readonly Trace[],
): Evidence {
  const history = 'processes' in asked ? asked : withChanges(historyOf(asked), given);
  const ranks: Evidence[] = [];
  const groups = byRank(given);
  for (const [rank, traces] of groups)
    ranks.push({ ...evidenceOf(history, requestedBackend, traces, groups.length), rank, ranks });
  return ranks[0]!;
}

/** A plan says nothing of changes. The control does. */
function withChanges(history: History, given: readonly Trace[]): History {
  const changes = given.find(({ run }) => run?.role === 'control')?.run?.changes;
  return changes === undefined ? history : { ...history, changes };
}

/** @param among how many ranks share the probability of a false alarm */
function evidenceOf(
  history: History,
  requestedBackend: string,
  given: readonly Trace[],
  among: number,
): Omit<Evidence, 'rank' | 'ranks'> {
  const plan = planOf(history);
  const counted = withStepCounters(withOwners(given));
  const unheld = unheldIn(counted.find(({ run }) => run?.role === 'control'));
  const compared = counted.map((trace) => comparable(trace, unheld));
  const control = compared.find(({ run }) => run?.role === 'control');
  const traces = compared.map((trace) =>
    trace.run?.role === 'after' || trace.run?.role === 'again' ? withLazySlots(trace, control) : trace,
  );
  const byRole = (role: string) => traces.find((trace) => trace.run?.role === role);
  const twins = traces.filter((trace) => trace.run?.role === 'twin');
  const controls = control === undefined ? [] : [control, ...twins];
  const byId = (id: string | undefined) =>
    traces.find(({ run }) => run?.id === id && (run?.role === 'before' || run?.role === 'after'));
  const before = byId(history.processes.find(({ from }) => from === null)?.id);
  const declared = control?.run?.deviates ?? [];
  const noise = noiseAmong(controls, {
    resumeAt: plan.resumeAt,
    ends: resumesIn(history).map(({ until }) => until),
    ranks: among,
  });
  /** The last of what the control shows at a step where it may deviate and change. */
  const beginsAt = (step: number): readonly ['changed' | 'deviated' | 'pass', ...'end'[]] => {
    if (history.changes?.some(({ at }) => at === step)) return ['changed'];
    return declared.length > 0 ? ['deviated'] : ['pass', 'end'];
  };
  // If a plan was cut short, a process passes its end without stopping.
  const ends = (from: number, step: number) => {
    // A process that trains no step ends where the control may deviate and change.
    if (from === step) return beginsAt(step);
    return step === plan.steps ? (['end', 'pass'] as const) : (['pass'] as const);
  };
  const resumes = resumesIn(history).flatMap((process, n): Resume[] => {
    const after = byId(process.id);
    if (after === undefined) return [];
    const source = byId(process.from.process);
    const from = process.from.step;
    // A recorder sees the end of a step at the next one, which a process that is killed in a save does not begin.
    const isCut = process.inSave !== undefined && after.steps.at(-1)?.step === process.until - 1;
    const to = isCut ? process.until - 1 : process.until;
    const point = {
      declared,
      saved: stateAt(source, from, ['save']),
      resumed: stateAt(after, from, ['resume']),
      passed: stateAt(control, from, ['pass']),
      deviated: stateAt(control, from, ['deviated']),
      changed: stateAt(control, from, ['changed']),
    };
    const changes = changesAt(point);
    const samples = {
      saved: samplesAt(source, from, ['save']),
      resumed: samplesAt(after, from, ['resume']),
      passed: samplesAt(control, from, ['pass']),
      deviated: samplesAt(control, from, beginsAt(from).slice(0, 1)),
    };
    const [saved, resumed] = withoutLoneZeros(expectedState(point, changes, noise.exact), point.resumed);
    // A killed process has no end to show. The process that resumes from its save shows what that was worth.
    const end = process.killed === true ? undefined : to;
    const [last, controlLast] = withoutLoneZeros(
      end === undefined ? undefined : stateAt(after, end, ['save', 'end', 'pass']),
      end === undefined ? undefined : stateAt(control, end, ends(from, end)),
    );
    return [
      {
        index: n + 1,
        from,
        to,
        after,
        source,
        steps: stepsBetween(after, from, to),
        controlSteps: stepsBetween(control, from, to),
        saved,
        resumed,
        written: point.saved,
        checkpoint: source?.checkpoints.find(
          ({ checkpoint }) => checkpoint === after.resumed?.from.checkpoint,
        ),
        changes,
        last,
        controlFirst: stateAt(control, from, beginsAt(from)),
        controlLast,
        samples: {
          saved: expectedSamples(beginsAt(from)[0] !== 'pass', samples, changes, noise.exact),
          resumed: samples.resumed,
          last: end === undefined ? [] : samplesAt(after, end, ['save', 'end', 'pass']),
          controlFirst: samples.deviated,
          controlLast: end === undefined ? [] : samplesAt(control, end, ends(from, end)),
        },
      },
    ];
  });
  return {
    history,
    plan,
    requestedBackend,
    lacks: control?.run?.lacks ?? [],
    deviates: declared,
    traces,
    control,
    controls,
    before,
    cold: byRole('cold'),
    saver: byRole('saver'),
    again: byRole('again'),
    noise,
    resumes,
  };
}
