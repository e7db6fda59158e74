/** The traces of one scenario, arranged for judging each resume. */
import type { History } from '../trace/history.ts';
import type {
  CheckpointRecord,
  Deviation,
  Observable,
  Plan,
  SampleRecord,
  StateRecord,
  TensorRecord,
  Trace,
  TracedStep,
} from '../trace/schema.ts';
import type { Change } from './deviations.ts';
import type { Noise } from './noise/noise.ts';

/** The traces of one scenario, arranged for the rules to read. */
export interface Evidence {
  /** The rank that the traces below are of; 0 in a run of one rank. */
  readonly rank: number;
  /** The evidence of every rank that left a trace, in ascending order, this one included. */
  readonly ranks: readonly Evidence[];
  /** What the processes of the interrupted run do. */
  readonly history: History;
  /** The same as a plan: its steps, and after which of them the run is resumed. */
  readonly plan: Plan;
  /** The backend requested on the command line. */
  readonly requestedBackend: string;
  readonly lacks: readonly Observable[];
  /** The deviations that the scenario declares: what its trainer does not restore. The control makes them too. */
  readonly deviates: readonly Deviation[];
  readonly traces: readonly Trace[];
  readonly control: Trace | undefined;
  /** The control and its twins: equal runs that show the noise. Empty if there is no control. */
  readonly controls: readonly Trace[];
  /** The process of the interrupted run that starts from nothing. */
  readonly before: Trace | undefined;
  readonly cold: Trace | undefined;
  /** A run that saves at each resume point and goes on. It never samples. */
  readonly saver: Trace | undefined;
  /** A run that resumes from its last save. */
  readonly again: Trace | undefined;
  readonly noise: Noise;
  /** One per resume whose process left a trace. */
  readonly resumes: readonly Resume[];
}

/** One process that resumed, with the segment of the control that it must repeat. */
export interface Resume {
  /** 1 for the first resume. */
  readonly index: number;
  /** The step after which it resumes, and its last step. */
  readonly from: number;
  readonly to: number;
  readonly after: Trace;
  /** The process that wrote the checkpoint. */
  readonly source: Trace | undefined;
  readonly steps: readonly TracedStep[];
  readonly controlSteps: readonly TracedStep[];
  /**
   * The state that this process must hold before its first step: what the previous process saved, except for declared
   * deviations, which are as in the control after its deviation.
   */
  readonly saved: StateRecord | undefined;
  /** The state that it holds. */
  readonly resumed: StateRecord | undefined;
  /** The state at the save itself, also where deviations are declared. */
  readonly written: StateRecord | undefined;
  /** What was read in the checkpoint that it resumed from; undefined if nobody read it. */
  readonly checkpoint: CheckpointRecord | undefined;
  /** What the control's deviation and its change of settings changed at this resume; empty if there are none. */
  readonly changes: readonly Change[];
  /** The state of this process at `to`. */
  readonly last: StateRecord | undefined;
  /** The control's state at the start of the segment: at `from`, after its deviation if it deviates. */
  readonly controlFirst: StateRecord | undefined;
  /** The control's state at `to`. */
  readonly controlLast: StateRecord | undefined;
  readonly samples: {
    readonly saved: readonly SampleRecord[];
    readonly resumed: readonly SampleRecord[];
    readonly last: readonly SampleRecord[];
    readonly controlFirst: readonly SampleRecord[];
    readonly controlLast: readonly SampleRecord[];
  };
}

/** Steps after `from`, up to `to`. */
export const stepsBetween = (trace: Trace | undefined, from: number, to: number): readonly TracedStep[] =>
  trace?.steps.filter(({ step }) => step > from && step <= to) ?? [];

export interface StepPair {
  readonly control: TracedStep;
  readonly resumed: TracedStep;
}

/** The processes of the interrupted run that led to a resume, from the one that started from nothing. */
export function ancestorsOf({ resumes }: Pick<Evidence, 'resumes'>, { source }: Resume): readonly Trace[] {
  if (source === undefined) return [];
  const earlier = resumes.find(({ after }) => after === source);
  return [...(earlier === undefined ? [] : ancestorsOf({ resumes }, earlier)), source];
}

/** The steps that both runs made. */
export function stepPairs({ steps, controlSteps }: Resume): StepPair[] {
  const byStep = new Map(controlSteps.map((step) => [step.step, step]));
  return steps.flatMap((resumed) => {
    const control = byStep.get(resumed.step);
    return control === undefined ? [] : [{ control, resumed }];
  });
}

/** The names of the parameters in the control's segment. */
export const namesOf = (pairs: readonly StepPair[]): readonly string[] => pairs[0]?.control.names ?? [];

/** A state's tensors of a kind, by name. */
export const tensorsOf = (
  state: StateRecord | undefined,
  kind: TensorRecord['kind'],
): ReadonlyMap<string, TensorRecord> =>
  new Map(state?.tensors.filter((tensor) => tensor.kind === kind).map((tensor) => [tensor.name, tensor]));
