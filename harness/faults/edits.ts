/** Changes of what was read from a checkpoint, part by part. */
import type { TensorMap } from '../checkpoint/safetensors.ts';
import type { Program } from '../loop/loop.ts';
import type { Parts } from '../loop/parts.ts';
import { ownerOf } from '../loop/saved.ts';
import type { Saved } from '../loop/snapshots.ts';
import type { OptimizerState } from '../training/optimizer.ts';
import type { ScheduleState } from '../training/schedule.ts';
import { onLoad } from './program.ts';
import { mapped, zeros } from './tensors.ts';

const onTensors =
  (stem: 'model' | 'optimizer') =>
  (program: Program, edit: (tensors: TensorMap, saved: Saved, parts: Parts) => TensorMap): void =>
    onLoad(program, (saved, parts) => ({
      ...saved,
      tensors: { ...saved.tensors, [stem]: edit(saved.tensors[stem], saved, parts) },
    }));

/** By the parameter's name. */
export const onWeights = onTensors('model');
/** By `parameter.slot`. */
export const onSlots = onTensors('optimizer');

/** Zeroes the first or the last kind of slot, such as `exp_avg`, in order of name; nothing where there is one kind. */
export function zeroSlotKind(program: Program, which: 0 | -1): void {
  onSlots(program, (slots) => {
    const kindOf = (name: string): string => name.slice(ownerOf(name).length);
    const kinds = [...new Set([...slots.keys()].map(kindOf))].sort();
    const kind = kinds.length > 1 ? kinds.at(which) : undefined;
    return mapped(slots, (tensor, name) => (kindOf(name) === kind ? zeros(tensor) : tensor));
  });
}

function onOptimizers(program: Program, edit: (state: OptimizerState) => OptimizerState): void {
  onLoad(program, (saved) => ({
    ...saved,
    optimizers: Object.fromEntries(
      Object.entries(saved.optimizers).map(([name, state]) => [name, edit(state)]),
    ),
  }));
}

/** Each optimizer's own count of each parameter's updates. */
export const onOptimizerSteps = (program: Program, edit: (step: number) => number): void =>
  onOptimizers(program, (state) => ({
    ...state,
    steps: Object.fromEntries(
      Object.entries(state.steps).map(([parameter, step]) => [parameter, edit(step)]),
    ),
  }));

export const onGroups = (
  program: Program,
  edit: (groups: OptimizerState['groups']) => OptimizerState['groups'],
): void => onOptimizers(program, (state) => ({ ...state, groups: edit(state.groups) }));

export function onSchedules(
  program: Program,
  edit: (state: ScheduleState, saved: Saved, name: string) => ScheduleState,
): void {
  onLoad(program, (saved) => ({
    ...saved,
    schedules: Object.fromEntries(
      Object.entries(saved.schedules).map(([name, state]) => [name, edit(state, saved, name)]),
    ),
  }));
}
