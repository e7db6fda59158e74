/** Whether a step updates the tensors that part, in either run. */
import { tensorsOf } from '../evidence.ts';
import { listed, plural } from '../words.ts';
import type { Parting } from './first.ts';
import type { Observed } from './per-step.ts';
import type { Parted } from './sight.ts';

export const HIDDEN = 'let `observe()` show it';

/** What is to blame if the tensors that part change in this step in only one of the two runs; undefined if they do not. */
export function whetherUpdated(parting: Parting, kind: Observed['kind']): string | undefined {
  const { sight, pairs, at, resume } = parting;
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
  const idle = kind === 'slot' ? idleOwners(parting) : [];
  if (idle.length > 0)
    return `${listed(idle)} ${plural(idle.length, 'is', 'are')} not updated in this step, though in the control: no optimizer holds ${plural(idle.length, 'it', 'them')}, no gradient reaches ${plural(idle.length, 'it', 'them')}, or ${plural(idle.length, 'it is', 'they are')} frozen or constant`;
  if (all(own, true) && all(others, false))
    return `${they} updated in this step, though not in the control: ${hidden}`;
  if (all(own, false) && all(others, true))
    return `${they} not updated in this step, though in the control: ${hidden}`;
  return undefined;
}

/** The parameters of the slots that part, if the step updates none of them, and the control's updates all. */
function idleOwners({ sight, pairs, at, resume }: Parting): string[] {
  const slots = tensorsOf(resume.saved, 'slot');
  const owners = [...new Set(sight.parted.map(({ name }) => slots.get(name)?.parameter))];
  const { control, resumed } = pairs[at]!;
  const moves = ({ names, changed }: typeof control, name: string): boolean | undefined =>
    changed[names.indexOf(name)];
  const idle = owners.filter(
    (name): name is string =>
      name !== undefined && moves(resumed, name) === false && moves(control, name) === true,
  );
  return idle.length === owners.length ? idle : [];
}
