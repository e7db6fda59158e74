/** The steps that the control and a resumed run both made, and the parameters that moved in them. */
import type { TracedStep } from '../../../trace/schema.ts';
import { indexOf, moved } from '../../columns.ts';
import { namesOf, type Resume, stepPairs } from '../../evidence.ts';
import { eachResume, type Found, type Rule } from '../../rule.ts';

export const hookCalls = ({ hookCalls }: TracedStep): readonly number[] => hookCalls;

export const updates = ({ updates }: TracedStep): readonly number[] => updates;

export const changed = ({ changed }: TracedStep): readonly boolean[] => changed;

export const updateL2 = ({ updateL2 }: TracedStep): readonly number[] => updateL2;

/** The steps of a resume that both the control and the resumed run made. */
export interface Segment {
  readonly resume: Resume;
  readonly control: readonly TracedStep[];
  readonly resumed: readonly TracedStep[];
  readonly names: readonly string[];
  /** Names of the parameters that moved. */
  readonly movedInControl: ReadonlySet<string>;
  readonly movedInResumed: ReadonlySet<string>;
}

function segmentOf(resume: Resume): Segment | undefined {
  const pairs = stepPairs(resume);
  if (pairs.length === 0) return undefined;
  const control = pairs.map((pair) => pair.control);
  const resumed = pairs.map((pair) => pair.resumed);
  return {
    resume,
    control,
    resumed,
    names: namesOf(pairs),
    movedInControl: moved(control),
    movedInResumed: moved(resumed),
  };
}

export const isStill = ({ movedInControl, movedInResumed }: Segment): boolean =>
  movedInControl.size > 0 && movedInResumed.size === 0;

type FoundInSegment = Omit<Found, 'resume' | 'step'> & {
  /** The first step that shows the problem. */
  readonly step: number;
};

export const aliveRule = (
  what: Pick<Rule, 'id' | 'claim' | 'reads' | 'speaks'>,
  judge: (segment: Segment) => FoundInSegment | undefined,
): Rule => ({
  ...what,
  proof: 'alive',
  judge: eachResume((resume) => {
    const segment = segmentOf(resume);
    return segment && judge(segment);
  }),
});

/** The first step with a value other than zero in a parameter's column. */
export const firstWith = (
  steps: readonly TracedStep[],
  name: string,
  column: (step: TracedStep) => readonly (number | boolean)[],
): number => steps.find((step) => Boolean(column(step)[indexOf(step.names).get(name) ?? -1]))!.step;
