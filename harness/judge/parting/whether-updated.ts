/** Whether a step updates the tensors that part, in either run. */
import { plural } from '../words.ts';
import type { Parting } from './first.ts';
import type { Observed } from './per-step.ts';
import type { Parted } from './sight.ts';

export const HIDDEN = 'let `observe()` show it';

/** What is to blame if the tensors that part change in this step in only one of the two runs; undefined if they do not. */
export function whetherUpdated(
  { sight, pairs, at, resume }: Parting,
  kind: Observed['kind'],
): string | undefined {
  if (at < 0) return undefined;
  const before =
    at === 0
      ? [resume.resumed?.tensors, resume.controlFirst?.tensors]
      : [pairs[at - 1]!.resumed.observed, pairs[at - 1]!.control.observed];
  const [mine, theirs] = before.map(
    (tensors) => new Map(tensors?.filter((one) => one.kind === kind).map((one) => [one.name, one])),
  );
  /** Whether the norm or the sketch changes in the step; undefined if the step before shows neither. */
  const moves = (
    old: ReadonlyMap<string, Pick<Observed, 'l2' | 'sketch'>>,
    name: string,
    now: Parted['mine'],
  ) => {
    const tensor = old.get(name);
    if (tensor === undefined) return undefined;
    const [l2, ...sketch] = now;
    const sums = tensor.sketch ?? [];
    return tensor.l2 !== l2 || sketch.some((sum, place) => sums[place] !== undefined && sums[place] !== sum);
  };
  const own = sight.parted.map((one) => moves(mine!, one.name, one.mine));
  const others = sight.parted.map((one) => moves(theirs!, one.name, one.theirs));
  const all = (moved: typeof own, wanted: boolean): boolean => moved.every((one) => one === wanted);
  const hidden = `what decides when (a period, a count, a best value …) reads state that is not observed; ${HIDDEN}`;
  const they = plural(sight.parted.length, 'it is', 'they are');
  if (all(own, true) && all(others, false))
    return `${they} updated in this step, though not in the control: ${hidden}`;
  if (all(own, false) && all(others, true))
    return `${they} not updated in this step, though in the control: ${hidden}`;
  return undefined;
}
