/**
 * What a slot is of: which parameter, and which kind. Recorders name slots by parameter (`head.weight.exp_avg`), by path
 * (`0/mu/head/weight`) or by place (`state.3.exp_avg`), and may or may not tell the parameter.
 */
import type { TensorRecord, Trace } from '../trace/schema.ts';

const partsOf = (name: string): string[] => name.split(/[^\w-]+/).filter((part) => part !== '');
const isNumber = (part: string): boolean => /^\d+$/.test(part);

/** Where some parts occur among others, without a gap; -1 if they do not. */
function placeOf(parts: readonly string[], among: readonly string[]): number {
  const last = among.length - parts.length;
  for (let at = 0; parts.length > 0 && at <= last; at += 1) {
    if (parts.every((part, index) => part === among[at + index])) return at;
  }
  return -1;
}

/** `exp_avg` of `blocks.0.weight.exp_avg`, of `state.3.exp_avg` and of `0/exp_avg/blocks/0/weight`. */
export function slotKind({ name, parameter }: Pick<TensorRecord, 'name' | 'parameter'>): string {
  if (parameter !== undefined && name.startsWith(`${parameter}.`)) return name.slice(parameter.length + 1);
  const parts = partsOf(name);
  const own = partsOf(parameter ?? '');
  const at = placeOf(own, parts);
  if (at >= 0) parts.splice(at, own.length);
  return parts.findLast((part) => !isNumber(part)) ?? name;
}

/** Fills in the parameter of each slot, if no process tells any and the names or the places of the slots show it. */
export function withOwners(traces: readonly Trace[]): readonly Trace[] {
  const slots = new Map<string, TensorRecord>();
  for (const { states } of traces) {
    for (const { tensors } of states) {
      for (const tensor of tensors) {
        if (tensor.kind !== 'slot') continue;
        if (tensor.parameter !== undefined) return traces;
        slots.set(tensor.name, tensor);
      }
    }
  }
  const owners = slots.size === 0 ? undefined : ownersOf([...slots.values()], traces);
  if (owners === undefined) return traces;
  const owned = (tensor: TensorRecord): TensorRecord => {
    const parameter = tensor.kind === 'slot' ? owners.get(tensor.name) : undefined;
    return parameter === undefined ? tensor : { ...tensor, parameter };
  };
  return traces.map((trace) => ({
    ...trace,
    states: trace.states.map((state) => ({ ...state, tensors: state.tensors.map(owned) })),
  }));
}

type Owners = ReadonlyMap<string, string>;

/** All slots are named in one way, so the owners are those of the first way that fits all of them. */
function ownersOf(slots: readonly TensorRecord[], traces: readonly Trace[]): Owners | undefined {
  const control = traces.find(({ run }) => run?.role === 'control');
  const parameters = control?.states[0]?.tensors.filter(({ kind }) => kind === 'parameter') ?? [];
  return ownersByName(slots, parameters) ?? ownersByPlace(slots, parameters);
}

/** The longest parameter whose name is a part of the slot’s. */
function ownersByName(
  slots: readonly TensorRecord[],
  parameters: readonly TensorRecord[],
): Owners | undefined {
  const byLength = parameters
    .map((parameter) => ({ parameter, parts: partsOf(parameter.name) }))
    .sort((one, other) => other.parts.length - one.parts.length);
  const owners = new Map<string, string>();
  for (const slot of slots) {
    const parts = partsOf(slot.name);
    const owner = byLength.find((one) => placeOf(one.parts, parts) >= 0 && fits(slot, one.parameter));
    if (owner === undefined) return undefined;
    owners.set(slot.name, owner.parameter.name);
  }
  return owners;
}

/** A slot has the shape of its parameter, some of its dimensions (when it is factored), or one value. */
const fits = ({ shape }: TensorRecord, parameter: TensorRecord): boolean =>
  shape.every((size) => size === 1 || parameter.shape.includes(size));

/**
 * The place is the last number in a name, and what is before it names the optimizer. An optimizer numbers the parameters
 * that it was given: all, or the trained ones, in their order or group by group. Several optimizers have one group each.
 */
function ownersByPlace(
  slots: readonly TensorRecord[],
  parameters: readonly TensorRecord[],
): Owners | undefined {
  const placed = slots.map((slot) => {
    const parts = partsOf(slot.name);
    const at = parts.findLastIndex(isNumber);
    return { slot, place: Number(parts[at]), optimizer: parts.slice(0, Math.max(0, at)).join('.') };
  });
  if (placed.some(({ place }) => Number.isNaN(place))) return undefined;
  const optimizers = [...Map.groupBy(placed, ({ optimizer }) => optimizer).values()];
  const trained = parameters.filter(({ trainable }) => trainable !== false);
  const groups = [...Map.groupBy(trained, ({ group }) => group)]
    .filter(([group]) => group !== undefined)
    .map(([, own]) => own);
  const given = optimizers.length > 1 ? [groups] : [groups.flat(), trained, parameters].map((list) => [list]);
  for (const lists of given) {
    if (lists.length !== optimizers.length) continue;
    const pairs = optimizers.flatMap((own, at) =>
      own.map(({ slot, place }) => ({ slot, owner: lists[at]![place] })),
    );
    const covered = new Set(pairs.map(({ owner }) => owner));
    if (!pairs.every(({ slot, owner }) => owner !== undefined && fits(slot, owner))) continue;
    if (!trained.every((parameter) => covered.has(parameter) || !lists.flat().includes(parameter))) continue;
    return new Map(pairs.map(({ slot, owner }) => [slot.name, owner!.name]));
  }
  return undefined;
}
