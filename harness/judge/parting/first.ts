/** Finds where a resumed run and its control first part. */
import type { TracedStep } from '../../trace/schema.ts';
import { differences, entriesThatDiffer } from '../compare.ts';
import { type Evidence, type Resume, type StepPair, stepPairs, tensorsOf } from '../evidence.ts';
import type { Noise } from '../noise/noise.ts';
import { sampleReadings } from '../quantities.ts';
import { lookAtEnd } from './ends.ts';
import type { Sight } from './sight.ts';
import { look, STAGES, type Stage } from './stages.ts';

export interface Parting {
  readonly stage: Stage;
  readonly sight: Sight;
  /** The step in which the stage parts, or at whose end a state shows it. */
  readonly step: number;
  /** The last state that shows the stage equal, if no step shows it. */
  readonly since: number | undefined;
  /** All steps of the control, from the start of the run. */
  readonly control: readonly TracedStep[];
  /** The steps since the resume that both runs made. */
  readonly pairs: readonly StepPair[];
  /** The place in `pairs` of the step that parts; -1 if no step does. */
  readonly at: number;
  /** The steps in which the stage parts, and those from the first of them on that show it; empty if only states do. */
  readonly steps: readonly number[];
  readonly shown: readonly number[];
  /** The next step in which another stage parts, and its first such stage. */
  readonly next: { readonly step: number; readonly stage: Stage } | undefined;
  /** Whether a stage is seen to be equal, before the step or earlier in it; undefined if it is not seen. */
  readonly isEqual: (stage: Stage) => boolean | undefined;
  readonly resume: Resume;
  readonly noise: Noise;
}

type Common = Pick<Parting, 'pairs' | 'resume' | 'noise' | 'control'>;

/** The first parting of a resumed run, at the earliest step and there at the first stage; undefined if there is none. */
export function firstParting({ noise, control }: Evidence, resume: Resume): Parting | undefined {
  const common: Common = { pairs: stepPairs(resume), resume, noise, control: control?.steps ?? [] };
  return beforeSteps(common) ?? inSteps(common) ?? atEnd(common);
}

function beforeSteps(common: Common): Parting | undefined {
  const { resume, noise } = common;
  const sight = samplesAtResume(resume, noise);
  if (sight === undefined) return undefined;
  return {
    ...common,
    stage: 'sample',
    sight,
    step: resume.from,
    since: undefined,
    at: -1,
    steps: [],
    shown: [],
    next: undefined,
    isEqual: (stage) => atResume(stage, resume),
  };
}

function inSteps(common: Common): Parting | undefined {
  const { pairs, noise } = common;
  const at = pairs.findIndex((pair) => firstStage(pair, noise) !== undefined);
  const pair = pairs[at];
  if (pair === undefined) return undefined;
  const { stage, sight } = firstStage(pair, noise)!;
  const parts = (other: StepPair): boolean => (look(stage, other, noise)?.parted.length ?? 0) > 0;
  const rest = pairs.slice(at);
  const next = rest
    .map((other) => ({ step: other.resumed.step, stage: firstStage(other, noise)?.stage }))
    .find((other) => other.stage !== undefined && other.stage !== stage);
  return {
    ...common,
    stage,
    sight,
    step: pair.resumed.step,
    since: undefined,
    at,
    steps: rest.filter(parts).map(({ resumed }) => resumed.step),
    shown: rest.filter((other) => look(stage, other, noise) !== undefined).map(({ resumed }) => resumed.step),
    next: next && { step: next.step, stage: next.stage! },
    isEqual: (other) =>
      other === 'slot' && !haveSlots(sight, common.resume)
        ? undefined
        : equalInStep(other, stage, at, common),
  };
}

/** Whether what parts has slots that are observed: an optimizer of its own may show none. */
function haveSlots({ parted }: Sight, { saved }: Resume): boolean {
  const owners = new Set([...tensorsOf(saved, 'slot').values()].map(({ parameter }) => parameter));
  const parameters = tensorsOf(saved, 'parameter');
  return parted.every(({ name }) => !parameters.has(name) || owners.has(name) || owners.has(undefined));
}

/** Whether the states at the two ends record the slots of what parts. */
export const areSlotsInStates = ({ sight, resume }: Pick<Parting, 'sight' | 'resume'>): boolean =>
  tensorsOf(resume.saved, 'slot').size > 0 && haveSlots(sight, resume);

function firstStage(pair: StepPair, noise: Noise): { stage: Stage; sight: Sight } | undefined {
  for (const stage of STAGES) {
    const sight = look(stage, pair, noise);
    if (sight !== undefined && sight.parted.length > 0) return { stage, sight };
  }
  return undefined;
}

/** What only the states show. */
function atEnd(common: Common): Parting | undefined {
  const { resume, noise, pairs } = common;
  for (const stage of STAGES) {
    const sight = lookAtEnd(stage, resume, noise);
    if (sight === undefined || sight.parted.length === 0) continue;
    const isEqual = (other: Stage): boolean | undefined => {
      const seen = lookAtEnd(other, resume, noise);
      if (seen !== undefined) return seen.parted.length === 0;
      // No step parts, so a stage that any of them shows is equal.
      return pairs.some((pair) => look(other, pair, noise) !== undefined) ? true : undefined;
    };
    return {
      ...common,
      stage,
      sight,
      step: resume.to,
      since: resume.from,
      at: -1,
      steps: [],
      shown: [],
      next: undefined,
      isEqual,
    };
  }
  return undefined;
}

/** The stages that a step begins with and then changes. */
const CARRIED: ReadonlySet<Stage> = new Set(['slot', 'parameter', 'buffer', 'ema', 'random', 'accumulated']);

/** Earlier in the step, if the stage comes before the one that parts; else when the step begins. */
function equalInStep(
  stage: Stage,
  parting: Stage,
  at: number,
  { pairs, resume, noise }: Pick<Parting, 'pairs' | 'resume' | 'noise'>,
): boolean | undefined {
  const order = STAGES.indexOf(stage) - STAGES.indexOf(parting);
  const within = order < 0 ? look(stage, pairs[at]!, noise) : undefined;
  if (within !== undefined) return within.parted.length === 0;
  if (stage === 'batch' && readsNoBatch(pairs, at)) return false;
  if (!CARRIED.has(stage)) return undefined;
  if (at === 0) return atResume(stage, resume);
  const before = look(stage, pairs[at - 1]!, noise);
  return before && before.parted.length === 0;
}

/** Whether only one of the two runs reads a batch in the step, though both read some. */
function readsNoBatch(pairs: readonly StepPair[], at: number): boolean {
  const reads = ({ claimed }: TracedStep): boolean => claimed.batch.length > 0;
  const { control, resumed } = pairs[at]!;
  return (
    reads(control) !== reads(resumed) && pairs.some((pair) => reads(pair.control) && reads(pair.resumed))
  );
}

/** Whether the states at the resume show a stage to be equal. */
function atResume(stage: Stage, resume: Resume): boolean | undefined {
  const { saved, resumed } = resume;
  if (saved === undefined || resumed === undefined) return undefined;
  if (stage === 'random') {
    const { of, total } = entriesThatDiffer(saved.random, resumed.random);
    return total === 0 ? undefined : of.length === 0;
  }
  if (stage === 'accumulated') return undefined;
  if (stage !== 'parameter' && stage !== 'slot' && stage !== 'ema' && stage !== 'buffer') return undefined;
  const { of, total } = differences(resume, stage);
  return total === 0 ? undefined : of.length === 0;
}

/** Samples drawn right after the resume that are not those drawn at the save. */
function samplesAtResume({ samples, from }: Resume, noise: Noise): Sight | undefined {
  const [theirs, mine] = [sampleReadings(samples.saved), sampleReadings(samples.resumed)];
  const among = [...theirs.keys()].filter((name) => mine.has(name));
  const parted = among
    .filter((name) =>
      noise.exact
        ? mine.get(name)!.digest !== theirs.get(name)!.digest
        : !noise.alike('sample', from, name, mine.get(name)!, theirs.get(name)!),
    )
    .map((name) => ({ name, mine: mine.get(name)!.values, theirs: theirs.get(name)!.values }));
  return parted.length === 0 ? undefined : { parted, among };
}
