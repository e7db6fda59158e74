/** What a process resumed from after another one was killed in a save: the save before that one, or that one, if it was whole. */
import { isDeepStrictEqual } from 'node:util';
import { keyOf } from '../trace/deviations.ts';
import { type History, type HistoryProcess, resumesFromCut } from '../trace/history.ts';
import type { StateRecord, TensorRecord, Trace } from '../trace/schema.ts';

/**
 * Whether a process went on from a step rather than from another one: its recorder says so, or it holds more of what the
 * control held after that step. This only decides from where it is judged: the judge then compares all of it.
 */
export function wentOnFrom(step: number, resumed: Trace, control: Trace, than: number): boolean {
  if (resumed.resumed?.step === step) return true;
  const own = resumed.states.find(({ at }) => at === 'resume');
  const [one, other] = [step, than].map((wanted) =>
    control.states.find((state) => state.step === wanted && state.at === 'pass'),
  );
  if (own === undefined || one === undefined || other === undefined) return false;
  let votes = 0;
  for (const tensor of own.tensors) votes += nearer(tensor, one, other);
  for (const kind of ['counters', 'random'] as const)
    for (const [name, value] of Object.entries(own[kind]))
      votes += Number(one[kind][name] === value) - Number(other[kind][name] === value);
  return votes > 0;
}

/**
 * Whether a process did the same in two runs, to the bit, as far as both went. Only then is what one of them saved what the
 * other had saved.
 */
export function isSameRun(one: Trace, other: Trace): boolean {
  const steps = new Map(other.steps.map((step) => [step.step, step]));
  const shared = one.steps.flatMap((step) => {
    const same = steps.get(step.step);
    return same === undefined ? [] : [[step, same] as const];
  });
  return (
    shared.length > 0 &&
    shared.every(
      ([a, b]) => isDeepStrictEqual(a.l2, b.l2) && isDeepStrictEqual(a.claimed.loss, b.claimed.loss),
    )
  );
}

/** 1 if a tensor is nearer to that of the first state, -1 if it is nearer to that of the second one, else 0. */
function nearer(tensor: TensorRecord, one: StateRecord, other: StateRecord): number {
  const [toOne, toOther] = [one, other].map(({ tensors }) => {
    const same = tensors.find((found) => keyOf(found) === keyOf(tensor));
    return same === undefined ? Number.POSITIVE_INFINITY : distance(valuesOf(tensor), valuesOf(same));
  }) as [number, number];
  return Number(toOne < toOther) - Number(toOther < toOne);
}

const valuesOf = ({ l2, sketch = [] }: TensorRecord): number[] => [l2, ...sketch];

const distance = (a: readonly number[], b: readonly number[]): number =>
  Math.hypot(...a.map((value, at) => value - (b[at] ?? 0)));

/** The process without its kill in a save: it has saved after its last step, and is killed then. */
function withWholeSave({ inSave: _, ...process }: HistoryProcess): HistoryProcess {
  return { ...process, saves: [...process.saves, process.until] };
}

/**
 * The history that was run, in which some saves were whole when their process was killed in them.
 * @param ids the processes that resumed from such a save
 */
export function withWholeSaves(history: History, ids: ReadonlySet<string>): History {
  const { processes } = history;
  const cutBefore = (process: HistoryProcess): HistoryProcess | undefined =>
    ids.has(process.id) ? processes.find((source) => resumesFromCut(process, source)) : undefined;
  const whole = new Set(processes.flatMap((process) => cutBefore(process) ?? []));
  return {
    ...history,
    processes: processes.map((process) => {
      const own = whole.has(process) ? withWholeSave(process) : process;
      const cut = cutBefore(process);
      return cut === undefined ? own : { ...own, from: { process: cut.id, step: cut.until } };
    }),
  };
}
