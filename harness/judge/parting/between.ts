/** What lies between the loss and the updates, where no stage shows that it is equal. */
import { differences } from '../compare.ts';
import { tensorsOf } from '../evidence.ts';
import { lookAtEnd } from './ends.ts';
import type { Parting } from './first.ts';
import type { Observed } from './per-step.ts';
import { look } from './stages.ts';

/** What the parameters and slots that part belong to; undefined for a slot of no parameter. */
const ownersOf = ({ sight, resume }: Parting): ReadonlySet<string | undefined> => {
  const slots = tensorsOf(resume.saved, 'slot');
  return new Set(sight.parted.map(({ name }) => (slots.has(name) ? slots.get(name)!.parameter : name)));
};

/** Whether no step since the resume has updated what parts. Constants of the optimizer would have shown in such a step. */
export function isFirstUpdateOfParted(parting: Parting): boolean {
  const { pairs, at } = parting;
  const owners = ownersOf(parting);
  return !pairs
    .slice(0, at)
    .some(({ control }) =>
      control.changed.some(
        (moved, place) => moved && (owners.has(undefined) || owners.has(control.names[place])),
      ),
    );
}

/**
 * Whether the gradients that the step uses are seen to be equal: themselves, or in slots that the step changes and that
 * end it equal.
 */
export const areGradientsEqual = (parting: Parting): boolean =>
  parting.isEqual('clipped') === true || doSlotsShowThem(parting);

function doSlotsShowThem(parting: Parting): boolean {
  const { stage, pairs, at, noise, resume } = parting;
  const pair = pairs[at];
  if (pair === undefined || stage === 'slot' || !noise.exact) return false;
  // The state at the end of the segment shows the slots after its last step.
  const isLast = pair.resumed.step === resume.to;
  const sight = look('slot', pair, noise) ?? (isLast ? lookAtEnd('slot', resume, noise) : undefined);
  if (sight?.parted.length !== 0) return false;
  const seen = slotsIn(pair.resumed.observed);
  const after = seen.size > 0 ? seen : slotsIn(resume.last?.tensors);
  const before = slotsIn(at === 0 ? resume.resumed?.tensors : pairs[at - 1]!.resumed.observed);
  const owners = tensorsOf(resume.saved, 'slot');
  const moved = new Set(
    [...after].flatMap(([name, { l2, sketch = [] }]) => {
      const old = before.get(name);
      const isSame =
        old === undefined || (old.l2 === l2 && sketch.every((sum, place) => sum === old.sketch?.[place]));
      return isSame ? [] : [owners.get(name)?.parameter];
    }),
  );
  return [...ownersOf(parting)].every((owner) => moved.has(owner));
}

type Seen = Pick<Observed, 'name' | 'l2' | 'sketch'> & { readonly kind: string };
const slotsIn = (tensors: readonly Seen[] | undefined): ReadonlyMap<string, Seen> =>
  new Map(tensors?.filter(({ kind }) => kind === 'slot').map((one) => [one.name, one]));

export interface Window {
  /** The steps from one update to the next. */
  readonly every: number;
  /** The steps from the last update to the save. */
  readonly since: number;
}

/**
 * The accumulation window in which the run was saved, if the step that parts is in the same window. Undefined if the
 * control does not update in every n-th step alone, or its accumulated gradients are seen to be restored.
 */
export function cutWindow({ control, pairs, at, resume }: Parting): Window | undefined {
  const step = pairs[at]?.control.step;
  const made = control.filter(({ changed }) => changed.includes(true)).map((one) => one.step);
  const [first, second] = made;
  if (step === undefined || first === undefined || second === undefined) return undefined;
  const every = second - first;
  if (every < 2 || made.some((one, place) => one !== first + place * every)) return undefined;
  const since = (((resume.from - first) % every) + every) % every;
  const next = made.find((one) => one > resume.from);
  if (since === 0 || next === undefined || step > next) return undefined;
  const restored = differences(resume, 'gradient');
  return restored.total > 0 && restored.of.length === 0 ? undefined : { every, since };
}
