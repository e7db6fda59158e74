/** Traces of one scenario, laid side by side: what each resume is judged by. */
import type {
  Deviation,
  Observable,
  Plan,
  Role,
  SampleRecord,
  StateRecord,
  TensorRecord,
  Trace,
  TracedStep,
} from '../trace/schema.ts';
import type { Change } from './deviations.ts';
import type { Noise } from './noise/noise.ts';

/** The traces of one scenario, side by side: what the rules read. */
export interface Evidence {
  readonly plan: Plan;
  /** What was asked for on the command line. */
  readonly requestedBackend: string;
  readonly lacks: readonly Observable[];
  /** What the trainer does not restore, by declaration: the control deviates alike. */
  readonly deviates: readonly Deviation[];
  readonly traces: readonly Trace[];
  readonly control: Trace | undefined;
  /** The control and its twins: equal runs, which show the noise. Empty without a control. */
  readonly controls: readonly Trace[];
  readonly before: Trace | undefined;
  readonly cold: Trace | undefined;
  readonly noise: Noise;
  /** One for each resume whose process left a trace. */
  readonly resumes: readonly Resume[];
}

/** One process that resumed, beside the part of the control that it must repeat. */
export interface Resume {
  /** 1 for the first. */
  readonly index: number;
  /** The step it resumes after, and its last. */
  readonly from: number;
  readonly to: number;
  readonly after: Trace;
  readonly steps: readonly TracedStep[];
  readonly controlSteps: readonly TracedStep[];
  /**
   * What this process must hold before its first step: what the one before held when it saved, but for what
   * deviates by declaration, which is as the control's deviation left it.
   */
  readonly saved: StateRecord | undefined;
  /** What it holds. */
  readonly resumed: StateRecord | undefined;
  /** What the control's deviation changed at this resume; nothing where none is declared. */
  readonly changes: readonly Change[];
  /** At `to`: this process, and the control. */
  readonly last: StateRecord | undefined;
  /** What the control begins the segment with: at `from`, after its deviation if it deviates. */
  readonly controlFirst: StateRecord | undefined;
  readonly controlLast: StateRecord | undefined;
  readonly images: {
    readonly saved: readonly SampleRecord[];
    readonly resumed: readonly SampleRecord[];
    readonly last: readonly SampleRecord[];
    readonly controlFirst: readonly SampleRecord[];
    readonly controlLast: readonly SampleRecord[];
  };
}

/** The backend that a plan wants for a process, and 'auto' where any is right. Of a twin: its own is as good as any. */
export function wantedBackend(plan: Plan, requested: string, role: Role, segment: number): string {
  return role === 'after' || role === 'cold' ? (plan.resumeOn?.[segment - 1] ?? requested) : requested;
}

/** Steps after `from`, up to `to`. */
export const stepsBetween = (trace: Trace | undefined, from: number, to: number): readonly TracedStep[] =>
  trace?.steps.filter(({ step }) => step > from && step <= to) ?? [];

/**
 * Arranges the traces of one scenario for {@link judge}.
 * @param plan the plan that the runs were asked to follow
 * @param requestedBackend the backend that was asked for, or `auto`
 * @param traces in any order; their run records tell which is which
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
export function collectEvidence(plan: Plan, requestedBackend: string, traces: readonly Trace[]): Evidence {
  const byRole = (role: string) => traces.find((trace) => trace.run?.role === role);
  const control = byRole('control');
  const twins = traces.filter((trace) => trace.run?.role === 'twin');
  const controls = control === undefined ? [] : [control, ...twins];
  const before = byRole('before');
  const declared = control?.run?.deviates ?? [];
  const noise = noiseAmong(controls, plan);
  const begins = declared.length > 0 ? (['deviated'] as const) : (['pass', 'end'] as const);
  // Where a plan is cut short, its end is a point that a process passes.
  const ends = (step: number) => (step === plan.steps ? (['end', 'pass'] as const) : (['pass'] as const));
  const segments = [before, ...plan.resumeAt.map((_, n) => afterOf(traces, n + 1))];
  const resumes = plan.resumeAt.flatMap((from, n): Resume[] => {
    const after = segments[n + 1];
    const source = segments[n];
    if (after === undefined) return [];
    const to = plan.resumeAt[n + 1] ?? plan.steps;
    const point = {
      declared,
      saved: stateAt(source, from, ['save']),
      resumed: stateAt(after, from, ['resume']),
      passed: stateAt(control, from, ['pass']),
      deviated: stateAt(control, from, ['deviated']),
    };
    const changes = changesAt(point);
    const images = {
      saved: imagesAt(source, from, ['save']),
      resumed: imagesAt(after, from, ['resume']),
      passed: imagesAt(control, from, ['pass']),
      deviated: imagesAt(control, from, ['deviated']),
    };
    return [
      {
        index: n + 1,
        from,
        to,
        after,
        steps: stepsBetween(after, from, to),
        controlSteps: stepsBetween(control, from, to),
        saved: expectedState(point, changes, noise.exact),
        resumed: point.resumed,
        changes,
        last: stateAt(after, to, ['save', 'end', 'pass']),
        controlFirst: stateAt(control, from, begins),
        controlLast: stateAt(control, to, ends(to)),
        images: {
          saved: expectedImages(declared, images, changes, noise.exact),
          resumed: images.resumed,
          last: imagesAt(after, to, ['save', 'end', 'pass']),
          controlFirst: declared.length > 0 ? images.deviated : images.passed,
          controlLast: imagesAt(control, to, ends(to)),
        },
      },
    ];
  });
  return {
    plan,
    requestedBackend,
    lacks: control?.run?.lacks ?? [],
    deviates: declared,
    traces,
    control,
    controls,
    before,
    cold: byRole('cold'),
    noise,
    resumes,
  };
}

/** The steps that both made. */
export function stepPairs({ steps, controlSteps }: Resume): StepPair[] {
  const byStep = new Map(controlSteps.map((step) => [step.step, step]));
  return steps.flatMap((resumed) => {
    const control = byStep.get(resumed.step);
    return control === undefined ? [] : [{ control, resumed }];
  });
}

/** Parameter names of the control's segment. */
export const namesOf = (pairs: readonly StepPair[]): readonly string[] => pairs[0]?.control.names ?? [];

/** A state's tensors of a kind, by name. */
export const tensorsOf = (
  state: StateRecord | undefined,
  kind: TensorRecord['kind'],
): ReadonlyMap<string, TensorRecord> =>
  new Map(state?.tensors.filter((tensor) => tensor.kind === kind).map((tensor) => [tensor.name, tensor]));
