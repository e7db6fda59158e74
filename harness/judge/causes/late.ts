/** Learning rates that stay older ones after the resume, until those of the schedule reach the optimizer. */
import type { TracedStep } from '../../trace/schema.ts';
import { plural, valuesApart } from '../words.ts';
import type { Clues } from './clues.ts';
import { othersText, whose } from './courses.ts';
import { groupNames, key, learningRateOf, placesThatDiffer } from './rates.ts';

/** `G 0.02000, D 0.02000 instead of G 0.01200, D 0.01200`, of the groups that differ; without names if it is only one. */
export function ratesText({ pairs }: Pick<Clues, 'pairs'>, resumed: TracedStep, control: TracedStep): string {
  const names = groupNames(pairs);
  const figures = placesThatDiffer(pairs).map(
    (place) =>
      [names[place], valuesApart(learningRateOf(resumed)[place], learningRateOf(control)[place])] as const,
  );
  const side = (which: 0 | 1): string =>
    figures
      .map(([name, both]) =>
        figures.length === 1 || name === undefined ? both[which] : `${name} ${both[which]}`,
      )
      .join(', ');
  return `${side(0)} instead of ${side(1)}`;
}

/**
 * The learning rates stay what they are from the first step on, are those of an earlier step, and then are the control's up
 * to the end. Undefined if not.
 */
export function lateText(clues: Clues): string | undefined {
  const { pairs, evidence, resume } = clues;
  const differs = pairs.map(({ control, resumed }) => key(control) !== key(resumed));
  const end = differs.lastIndexOf(true) + 1;
  const late = pairs.slice(0, end);
  const [first, next] = [late[0], pairs[end]];
  if (first === undefined || next === undefined || differs.slice(0, end).includes(false)) return undefined;
  const places = placesThatDiffer(pairs);
  const ratesIn = (step: TracedStep): string => String(places.map((place) => learningRateOf(step)[place]));
  const rates = ratesIn(first.resumed);
  if (late.some(({ resumed }) => ratesIn(resumed) !== rates)) return undefined;
  const past = evidence.control?.steps.filter(({ step }) => step <= resume.from) ?? [];
  const isInitial = past[0] !== undefined && ratesIn(past[0]) === rates;
  const then = isInitial ? past[0] : past.findLast((step) => ratesIn(step) === rates);
  if (then === undefined) return undefined;
  const several = places.length > 1;
  const [begin, last] = [first.resumed.step, late.at(-1)!.resumed.step];
  const when = begin === last ? `step ${begin}` : `steps ${begin} to ${last}`;
  const are = several ? 'are those' : 'is that';
  const origin = isInitial
    ? `${are} ${several ? 'that' : 'which'} the run starts with`
    : `${are} of step ${then.step}`;
  const rises =
    past[1] !== undefined && learningRateOf(past[1])[places[0]!]! > learningRateOf(past[0]!)[places[0]!]!;
  const warmUp = isInitial && end === 1 && rises ? ', or a warm-up of one update is made again' : '';
  return `in ${when}, and not after, the learning ${plural(places.length, 'rate', 'rates')}${whose(clues)} ${origin} (${ratesText(clues, first.resumed, first.control)}): the schedule is right, but its ${plural(places.length, 'rate is', 'rates are')} set, or ${plural(places.length, 'reaches', 'reach')} the optimizer, only in step ${next.resumed.step}${warmUp}${othersText(clues)}`;
}
