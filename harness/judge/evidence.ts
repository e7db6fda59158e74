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

/** One process that resumed, beside the segment of the control that it must repeat. */
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

export interface StepPair {
  readonly control: TracedStep;
  readonly resumed: TracedStep;
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
