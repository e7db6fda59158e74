/** Everything that was found in one resume, prepared for the causes. */
import { type CounterKind, counterKind, generatorKind } from '../../trace/names.ts';
import type { StateRecord, TensorRecord, TracedStep } from '../../trace/schema.ts';
import { indexOf, moved } from '../columns.ts';
import { type Difference, differences, entriesThatDiffer, initialState, isAsIn } from '../compare.ts';
import { ancestorsOf, type Evidence, type Resume, type StepPair, stepPairs } from '../evidence.ts';
import type { Curve } from '../quantities.ts';
import type { Finding } from '../verdict.ts';
import { enumerated, insteadOf } from '../words.ts';
import { kindsOf } from './hyperparameters.ts';

export interface Changed {
  readonly of: readonly Difference[];
  readonly total: number;
}

export interface ChangedValue {
  readonly name: string;
  readonly saved: string | number | boolean | null | undefined;
  readonly resumed: string | number | boolean | null | undefined;
  /** In a run that has just started. */
  readonly initial: string | number | boolean | null | undefined;
}

export interface ChangedCounter extends ChangedValue {
  readonly kind: CounterKind;
}

export interface Clues {
  readonly evidence: Evidence;
  readonly resume: Resume;
  readonly findings: readonly Finding[];
  readonly has: (rule: string) => boolean;
  readonly finding: (rule: string) => Finding | undefined;
  /** Tensors of a kind that were not restored. */
  readonly changed: (kind: TensorRecord['kind']) => Changed;
  readonly counters: readonly ChangedCounter[];
  readonly generators: readonly ChangedValue[];
  /** The state that the run started with. */
  readonly initial: StateRecord | undefined;
  readonly pairs: readonly StepPair[];
  /** Steps of the interrupted run, up to this resume. */
  readonly past: readonly TracedStep[];
  /** States of the interrupted run before this resume's save. */
  readonly pastStates: readonly StateRecord[];
  /** Parameters that move in the control, and those that move after the resume. */
  readonly moves: { readonly control: ReadonlySet<string>; readonly resumed: ReadonlySet<string> };
}

export function cluesOf(evidence: Evidence, resume: Resume, findings: readonly Finding[]): Clues {
  const earlier = ancestorsOf(evidence, resume);
  const initial = initialState(evidence);
  const pairs = stepPairs(resume);
  const known = resume.saved !== undefined && resume.resumed !== undefined;
  const changed = new Map<TensorRecord['kind'], Changed>();
  const values = (which: 'counters' | 'random'): ChangedValue[] =>
    known
      ? entriesThatDiffer(resume.saved![which], resume.resumed![which]).of.map(({ name }) => ({
          name,
          saved: resume.saved![which][name],
          resumed: resume.resumed![which][name],
          initial: initial?.[which][name],
        }))
      : [];
  const counters = values('counters');
  const kinds = kindsOf(
    evidence,
    resume,
    counters.map(({ name }) => name),
  );
  return {
    evidence,
    resume,
    findings,
    has: (rule) => findings.some((finding) => finding.rule === rule),
    finding: (rule) => findings.find((finding) => finding.rule === rule),
    changed(kind) {
      const own = changed.get(kind) ?? (known ? differences(resume, kind) : { of: [], total: 0 });
      changed.set(kind, own);
      return own;
    },
    counters: counters.map((value, at) => ({ ...value, kind: kinds[at]! })),
    generators: values('random'),
    initial,
    pairs,
    past: earlier.flatMap((trace) => trace.steps).filter(({ step }) => step <= resume.from),
    pastStates: earlier.flatMap((trace) => trace.states).filter(({ step }) => step < resume.from),
    moves: {
      control: moved(pairs.map((pair) => pair.control)),
      resumed: moved(pairs.map((pair) => pair.resumed)),
    },
  };
}

/** The restored tensor has the bytes of a run that has just started. */
export const isInitial = ({ initial }: Clues, kind: TensorRecord['kind']) => isAsIn(initial, kind);

/** The tensor has fewer significant bits than were saved, and its norm differs by at most the last of them. */
export function isRounded({ saved, resumed }: Difference): boolean {
  if (saved?.bits === undefined || !resumed?.bits || resumed.bits >= saved.bits) return false;
  return Math.abs(saved.l2 - resumed.l2) <= saved.l2 * 2 ** -resumed.bits;
}

/** Some devices compute the norms of a step in float32. */
const NORM_RESOLUTION = 2 ** -20;
export const sameNorm = (one: number, other: number): boolean =>
  one === other || Math.abs(one - other) <= NORM_RESOLUTION * Math.max(one, other);

/** Whether the restored norms of these parameters are those after a given step and differ from the saved ones. */
function haveNormsOf({ names, l2 }: TracedStep, those: readonly Difference[]): boolean {
  const at = indexOf(names);
  return those.every(({ name, saved, resumed }) => {
    const norm = l2[at.get(name) ?? -1];
    if (norm === undefined || resumed === undefined) return false;
    return sameNorm(norm, resumed.l2) && !(saved !== undefined && sameNorm(norm, saved.l2));
  });
}

/** The last step before the save after which all these parameters had their restored norms; 0: the start. */
export function stepOf(clues: Clues, those: readonly Difference[]): number | undefined {
  if (those.length === 0) return undefined;
  if (those.every(isInitial(clues, 'parameter'))) return 0;
  return clues.past.findLast((one) => one.step < clues.resume.from && haveNormsOf(one, those))?.step;
}

/** Whether these parameters have the values of a given step. */
export const areOfStep = ({ past }: Clues, those: readonly Difference[], step: number): boolean =>
  past.some((one) => one.step === step && haveNormsOf(one, those));

/** The last step up to the save that changed any of these parameters. */
export const lastMove = ({ past }: Clues, those: readonly Difference[]): number | undefined =>
  past.findLast(({ names, changed }) =>
    those.some(({ name }) => changed[indexOf(names).get(name) ?? -1] === true),
  )?.step;

/** Every value is that of a run that has just started, in which some do not exist yet, and differs from the saved one. */
export const areFresh = (values: readonly ChangedValue[]): boolean =>
  values.length > 0 && values.every(({ resumed, initial }) => resumed === initial);

export const counterNames = (values: readonly ChangedValue[]): string =>
  enumerated(values.map(({ name, saved, resumed }) => `'${name}' is ${insteadOf(resumed, saved)}`));

/** Whether the trainer reports a loss scale. If it does, any difference can make it skip different steps. */
export const isLossScaled = ({ resume }: Clues): boolean =>
  Object.keys(resume.saved?.counters ?? {}).some((name) => counterKind(name) === 'loss-scale');

/**
 * The finding about generators that the loss no longer draws from. If numbers are drawn and the state is put back, the
 * first loss is still right. The order of the data is not part of a step.
 */
export function drawsNothing({ finding, pairs }: Clues): Finding | undefined {
  const found = finding('random-does-not-advance');
  if (found === undefined || found.subjects.every((name) => generatorKind(name) === 'data')) return undefined;
  return finding('loss-differs')?.step === pairs[0]!.resumed.step ? found : undefined;
}

/** The number of updates that a run claims in the segment. */
export const updatesMade = ({ pairs }: Clues, by: 'control' | 'resumed'): number =>
  pairs.filter((pair) => pair[by].claimed.applied).length;

/** How far a counter advanced after the resume, in the resumed run and in the control. */
export interface Advance {
  readonly name: string;
  readonly mine: number;
  readonly theirs: number;
}

/** The advances of the chosen counters that are numbers. */
export function advances({ resume }: Clues, chosen: (name: string) => boolean): Advance[] {
  const { resumed, last, controlFirst, controlLast } = resume;
  const between = (first: StateRecord | undefined, end: StateRecord | undefined, name: string): number =>
    Number(end?.counters[name]) - Number(first?.counters[name]);
  return Object.keys(last?.counters ?? {})
    .filter((name) => chosen(name) && typeof last?.counters[name] === 'number')
    .map((name) => ({
      name,
      mine: between(resumed, last, name),
      theirs: between(controlFirst, controlLast, name),
    }));
}

/** Whether a step departs from the control's in one of these. */
export const departs = (
  { evidence }: Clues,
  { control, resumed }: StepPair,
  curves: readonly Curve[],
): boolean => curves.some((curve) => evidence.noise.departing(curve, control, resumed).length > 0);

/** The rule that reports counters. */
export const COUNTERS = 'counters-not-restored';

export const ofKind = ({ counters }: Clues, kind: ChangedCounter['kind']): ChangedCounter[] =>
  counters.filter((counter) => counter.kind === kind);

/** How far a restored counter is ahead of the saved one; NaN if either is not a number. */
export const distance = ({ saved, resumed }: ChangedCounter): number =>
  typeof saved === 'number' && typeof resumed === 'number' ? resumed - saved : Number.NaN;
