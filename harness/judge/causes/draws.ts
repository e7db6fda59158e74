/** What the steps record of random generators: which ones stand still, and which ones restart. */
import { generatorKind } from '../../trace/names.ts';
import { listed, plural } from '../words.ts';
import type { Clues } from './clues.ts';

/** Its state after each step of the resumed run, and in the control, from the state at the resume on. */
interface Course {
  readonly name: string;
  readonly mine: readonly string[];
  readonly theirs: readonly string[];
}

/** Generators that every step records in both runs, other than those of the data's order. */
function courses({ pairs, resume }: Clues): Course[] {
  const { resumed, controlFirst } = resume;
  return Object.keys(resumed?.random ?? {}).flatMap((name): Course[] => {
    const mine = [resumed?.random[name], ...pairs.map((pair) => pair.resumed.random?.[name])];
    const theirs = [controlFirst?.random[name], ...pairs.map((pair) => pair.control.random?.[name])];
    const whole = (states: readonly (string | undefined)[]): states is string[] =>
      states.length > 1 && states.every((state) => state !== undefined);
    return generatorKind(name) !== 'data' && whole(mine) && whole(theirs) ? [{ name, mine, theirs }] : [];
  });
}

/** Whether steps show that one of these generators advances. */
export const advancesInSteps = (clues: Clues, names: readonly string[]): boolean =>
  courses(clues).some(({ name, mine }) => names.includes(name) && new Set(mine).size > 1);

/** Whether steps show that all of these generators never advance. A single step may have restarted them. */
export function standsInSteps(clues: Clues, names: readonly string[]): boolean {
  const still = courses(clues).filter(({ mine }) => mine.length > 2 && new Set(mine).size === 1);
  return names.every((name) => still.some((course) => course.name === name));
}

/**
 * Whether a generator that restarted right after the resume would end as it began: after as many steps as lie between an
 * earlier start and the resume.
 */
export function couldComeRound({ resume, evidence }: Clues): boolean {
  const starts = [0, ...evidence.resumes.filter(({ from }) => from < resume.from).map(({ from }) => from)];
  return starts.some((start) => resume.from - start === resume.to - resume.from);
}

export interface Pause {
  readonly names: readonly string[];
  /** `step 5`, `steps 5 to 6`. */
  readonly when: string;
  /** Whether the loss shows that nothing is drawn: it differs in the first of these steps. */
  readonly shows: boolean;
}

/** Generators that stand still in the first steps, where the control draws, and then advance. */
export function pauseAtFirst(clues: Clues): Pause | undefined {
  const { pairs, evidence } = clues;
  const paused = courses(clues).flatMap(({ name, mine, theirs }) => {
    const first = theirs.findIndex((state, at) => at > 0 && state !== theirs[at - 1]);
    const moves = mine.findIndex((state, at) => at > 0 && state !== mine[at - 1]);
    return first > 0 && moves > first ? [{ name, first, moves }] : [];
  });
  const [one] = paused;
  if (one === undefined) return undefined;
  const { control, resumed } = pairs[one.first - 1]!;
  const [begin, end] = [resumed.step, pairs[one.moves - 2]!.resumed.step];
  return {
    names: paused.map(({ name }) => name),
    when: begin === end ? `step ${begin}` : `steps ${begin} to ${end}`,
    shows: evidence.noise.departing('loss', control, resumed).length > 0,
  };
}

/** Generators that were restored, and from some step on have the states of an earlier part of the control. */
export function restartsLater(clues: Clues): string | undefined {
  const { pairs, evidence, generators } = clues;
  if (generators.length > 0) return undefined;
  const all = evidence.control?.steps ?? [];
  const restarted = courses(clues).flatMap(({ name, mine, theirs }) => {
    const at = mine.findIndex((state, step) => state !== theirs[step]);
    if (at < 1 || mine[at] === mine[at - 1]) return [];
    const then = all.find(
      (step) => step.random?.[name] === mine[at] && step.step < pairs[at - 1]!.resumed.step,
    );
    if (then === undefined) return [];
    const begin = all.indexOf(then);
    const goesOn = mine.slice(at).every((state, by) => (all[begin + by]?.random?.[name] ?? state) === state);
    return [{ name, step: pairs[at - 1]!.resumed.step, repeats: then.step, goesOn }];
  });
  const [one] = restarted;
  if (one === undefined) return undefined;
  const alike = restarted.filter(({ step, repeats }) => step === one.step && repeats === one.repeats);
  const several = alike.length > 1;
  const have = several ? 'they have' : 'it has';
  const states =
    alike.every(({ goesOn }) => goesOn) && one.step < pairs.at(-1)!.resumed.step
      ? `from step ${one.step} on ${have} the states that the control has from step ${one.repeats} on`
      : `in step ${one.step} ${have} the state that the control has in step ${one.repeats}`;
  return `${listed(alike.map(({ name }) => name))} ${plural(alike.length, 'was', 'were')} restored, but ${states}: ${several ? 'they were' : 'it was'} reseeded or put back in step ${one.step}`;
}
