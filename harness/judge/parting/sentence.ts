/** The first parting as one sentence: what is equal, what is not, where and how, and what that points to. */
import { tensorsOf } from '../evidence.ts';
import { insteadOf, listed, ofAll, plural } from '../words.ts';
import { standingStill } from './ends.ts';
import { areSlotsInStates, type Parting } from './first.ts';
import { type Form, formOf, formText } from './form.ts';
import { scopeOf } from './scope.ts';
import type { Stage } from './stages.ts';
import { INPUTS, INSTEAD, isSuspectIfUnseen, suspectsOf } from './suspects.ts';

const NOUNS: Readonly<Record<Stage, string>> = {
  batch: 'the batch',
  random: 'random state',
  loss: 'the loss',
  gradient: 'gradients',
  accumulated: 'accumulated gradients',
  made: 'the decision to update',
  clipped: 'clipped gradients',
  'learning-rate': 'learning rates',
  'logged-learning-rate': 'logged learning rates',
  slot: 'optimizer slots',
  writes: 'the number of updates',
  update: 'updates',
  parameter: 'parameters',
  buffer: 'buffers',
  ema: 'EMAs',
  counter: 'counters',
  sample: 'samples',
};

/** What is seen of a stage that is equal. Two batches with equal ids can hold different data. */
const EQUAL: Readonly<Record<Stage, string>> = { ...NOUNS, batch: 'batch ids' };

/** Stages whose things are parameters. */
const PER_PARAMETER: ReadonlySet<Stage> = new Set([
  'gradient',
  'clipped',
  'learning-rate',
  'writes',
  'update',
  'parameter',
]);

const joined = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

/** The text after `After resume 1, `, without a full stop, and the part of it that says what the stage points to. */
export function partingText(parting: Parting): { readonly sentence: string; readonly because: string } {
  const form = formOf(parting.sight.parted);
  const suspects = suspectsOf(parting, form);
  const equal = equalText(parting, suspects.replaces === true);
  const clauses = [suspects.text, unseenText(parting, suspects.names), stillText(parting), nextText(parting)];
  const sentence = `${whenText(parting)}${equal}${whatText(parting, form, equal !== '')}${durationText(parting)}: ${clauses.filter((clause) => clause !== '').join('; ')}`;
  return { sentence, because: suspects.text };
}

/**
 * `gradients and learning rates are equal, but `.
 * @param replaces whether the step replaces parameters that were equal before it
 */
function equalText({ stage, isEqual }: Parting, replaces: boolean): string {
  const inputs = INPUTS[stage];
  const shown = inputs.map((input) =>
    isEqual(input) === undefined
      ? (INSTEAD[input]?.find((other) => isEqual(other) !== undefined) ?? input)
      : input,
  );
  const equal = [...new Set(shown)].filter((input) => isEqual(input) === true);
  if (equal.length === 0) return '';
  const nouns = equal.map((input) =>
    replaces && input === 'parameter' ? 'parameters before it' : EQUAL[input],
  );
  const others = stage === 'loss' && inputs.every((input) => isEqual(input) === true);
  const listed = others ? [...nouns, 'every other observed input'] : nouns;
  return `${joined(listed)} ${listed.length === 1 && !isSeveral(equal[0]!, EQUAL) ? 'is' : 'are'} equal, but `;
}

/** @param named what the suspects name */
function unseenText(parting: Parting, named: readonly Stage[]): string {
  const { stage, isEqual, resume } = parting;
  const unseen = INPUTS[stage].filter(
    (input) => isSuspectIfUnseen(input) && isEqual(input) === undefined && !named.includes(input),
  );
  const inStates = unseen.filter((input) => input === 'slot' && areSlotsInStates(parting));
  const nowhere = unseen.filter((input) => !inStates.includes(input));
  const one = nowhere.length === 1 && !isSeveral(nowhere[0]!);
  const said = [
    ...(nowhere.length === 0
      ? []
      : [`${joined(nowhere.map((input) => NOUNS[input]))} ${one ? 'is' : 'are'} not observed`]),
    ...inStates.map((input) => `${NOUNS[input]} are recorded only at steps ${resume.from} and ${resume.to}`),
  ];
  return said.length === 0 ? '' : `${joined(said)}, and may differ too`;
}

/** What differs next, after a count or a log that need not change anything itself. */
function nextText({ stage, next }: Parting): string {
  if (stage !== 'counter' && stage !== 'logged-learning-rate') return '';
  return next === undefined
    ? ''
    : `next, in step ${next.step}, ${NOUNS[next.stage]} ${plural(Number(!isSeveral(next.stage)), 'differs', 'differ')}`;
}

/** Tensors that no longer change, of the kinds that no step shows. */
function stillText({ stage, resume }: Parting): string {
  if (stage !== 'update' && stage !== 'parameter' && stage !== 'slot') return '';
  const still = standingStill(resume, 'slot');
  return still.length === 0
    ? ''
    : `${ofAll(still.length, tensorsOf(resume.last, 'slot').size, 'optimizer slot')} ${plural(still.length, 'does', 'do')} not change from step ${resume.from} to step ${resume.to}: ${listed(still)}`;
}

const isSeveral = (stage: Stage, nouns = NOUNS): boolean =>
  !nouns[stage].startsWith('the ') && stage !== 'random';

function whenText({ at, step, since, pairs, resume }: Parting): string {
  if (since !== undefined) return `between steps ${since} and ${step}, `;
  if (at < 0) return 'before the first step, ';
  const first = step === resume.from + 1;
  if (first) return `in the first step (${step}), `;
  const before = pairs[at - 1]?.resumed.step;
  return before === undefined
    ? `in step ${step}, `
    : `everything observed is equal up to step ${before}; in step ${step}, `;
}

/** @param afterEqual whether the text follows one on what is equal */
function whatText(parting: Parting, form: Form, afterEqual: boolean): string {
  const { stage, sight } = parting;
  const [first] = sight.parted;
  const { length } = sight.parted;
  const values = first?.values;
  // The factor between pixels says nothing.
  const said =
    stage === 'sample' ? '' : values === undefined ? formText(form) : ` (${insteadOf(values[0], values[1])})`;
  const differ = (several: boolean): string =>
    afterEqual
      ? plural(Number(!several), 'is not', 'are not')
      : plural(Number(!several), 'differs', 'differ');
  if (stage === 'made')
    return values?.[0] === true
      ? 'an update is made that the control does not make'
      : 'no update is made, though the control makes one';
  if (stage === 'loss' || stage === 'batch') return `${NOUNS[stage]} ${differ(false)}${said}`;
  if (stage === 'writes') {
    const [mine, theirs] = [first!.mine[0], first!.theirs[0]];
    return `${scopeOf(parting)} ${plural(length, 'is', 'are')} ${theirs === 0 ? 'updated, though not in the control' : `updated ${mine} instead of ${theirs} times`}`;
  }
  if (stage === 'parameter') return `${scopeOf(parting)} ${differ(length > 1)}${said}`;
  if (PER_PARAMETER.has(stage)) return `the ${NOUNS[stage]} of ${scopeOf(parting)} ${differ(true)}${said}`;
  const noun = plural(length, NOUNS[stage].replace(/s$/, ''), NOUNS[stage]);
  const names = first?.name === '' ? '' : ` (${listed(sight.parted.map(({ name }) => name))})`;
  return `${ofAll(length, sight.among.length, noun, NOUNS[stage])}${names} ${differ(length > 1)}${said}`;
}

/** If the stage is equal again in a later step that shows it. */
function durationText({ steps, shown, at }: Parting): string {
  if (steps.length === 0 || at < 0 || steps.length === shown.length) return '';
  const contiguous = steps.every((step, index) => step === shown[index]);
  if (steps.length === 1) return ', in this step only';
  return contiguous ? `, up to step ${steps.at(-1)} only` : `, in ${steps.length} of ${shown.length} steps`;
}
