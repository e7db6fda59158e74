/** Finds where a resumed run and its control first part. */
import type { TracedStep } from '../../trace/schema.ts';
import { differences, entriesThatDiffer } from '../compare.ts';
import { type Evidence, type Resume, type StepPair, stepPairs } from '../evidence.ts';
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
  /** The steps in which the stage parts, if steps show it. */
  readonly steps: readonly number[];
  /** Whether a stage is seen to be equal, before the step or earlier in it; undefined if it is not seen. */
  readonly isEqual: (stage: Stage) => boolean | undefined;
  readonly resume: Resume;
  readonly noise: Noise;
}

/** The first parting of a resumed run, at the earliest step and there at the first stage; undefined if there is none. */
export function firstParting({ noise, control }: Evidence, resume: Resume): Parting | undefined {
  const pairs = stepPairs(resume);
  const common = { pairs, resume, noise, control: control?.steps ?? [] };
  const sampled = samplesAtResume(resume, noise);
  if (sampled !== undefined) {
    const isEqual = (stage: Stage): boolean | undefined => atResume(stage, resume);
    return {
      ...common,
      stage: 'sample',
      sight: sampled,
      step: resume.from,
      since: undefined,
      at: -1,
      steps: [],
      isEqual,
    };
  }
  for (const [at, pair] of pairs.entries()) {
    for (const stage of STAGES) {
      const sight = look(stage, pair, noise);
      if (sight === undefined || sight.parted.length === 0) continue;
      const parts = (other: StepPair): boolean => (look(stage, other, noise)?.parted.length ?? 0) > 0;
      return {
        ...common,
        stage,
        sight,
        step: pair.resumed.step,
        since: undefined,
        at,
        steps: pairs
          .slice(at)
          .filter(parts)
          .map(({ resumed }) => resumed.step),
        isEqual: (other) => equalInStep(other, stage, at, common),
      };
    }
  }
  for (const stage of STAGES) {
    const sight = lookAtEnd(stage, resume, noise);
    if (sight === undefined || sight.parted.length === 0) continue;
    const isEqual = (other: Stage): boolean | undefined => {
      // No step parts, so a stage that any of them shows is equal.
      if (pairs.some((pair) => look(other, pair, noise) !== undefined)) return true;
      const seen = lookAtEnd(other, resume, noise);
      return seen && seen.parted.length === 0;
    };
    return { ...common, stage, sight, step: resume.to, since: resume.from, at: -1, steps: [], isEqual };
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
  if (!CARRIED.has(stage)) return undefined;
  if (at === 0) return atResume(stage, resume);
  const before = look(stage, pairs[at - 1]!, noise);
  return before && before.parted.length === 0;
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
