/** Changes parts of a loaded checkpoint. */
import type { TensorMap } from '../checkpoint/safetensors.ts';
import type { LoopStages } from '../loop/loop.ts';
import type { Parts } from '../loop/parts.ts';
import { ownerOf } from '../loop/saved.ts';
import type { Saved } from '../loop/snapshots.ts';
import type { OptimizerState } from '../training/optimizer.ts';
import type { ScheduleState } from '../training/schedule.ts';
import { onLoad } from './loop-fault.ts';
import { mapped, zeros } from './tensors.ts';

const onTensors =
  (stem: 'model' | 'optimizer') =>
  (stages: LoopStages, edit: (tensors: TensorMap, saved: Saved, parts: Parts) => TensorMap): void =>
    onLoad(stages, (saved, parts) => ({
      ...saved,
      tensors: { ...saved.tensors, [stem]: edit(saved.tensors[stem], saved, parts) },
    }));

/** By the parameter's name. */
export const onWeights = onTensors('model');
/** By `parameter.slot`. */
export const onSlots = onTensors('optimizer');

/** Zeroes the first or the last kind of slot, such as `exp_avg`, by name. Does nothing if there is only one kind. */
export function zeroSlotKind(stages: LoopStages, which: 0 | -1): void {
  onSlots(stages, (slots) => {
    const kindOf = (name: string): string => name.slice(ownerOf(name).length);
    const kinds = [...new Set([...slots.keys()].map(kindOf))].sort();
    const kind = kinds.length > 1 ? kinds.at(which) : undefined;
    return mapped(slots, (tensor, name) => (kindOf(name) === kind ? zeros(tensor) : tensor));
  });
}

function onOptimizers(stages: LoopStages, edit: (state: OptimizerState) => OptimizerState): void {
  onLoad(stages, (saved) => ({
    ...saved,
    optimizers: Object.fromEntries(
      Object.entries(saved.optimizers).map(([name, state]) => [name, edit(state)]),
    ),
  }));
}

/** Each optimizer's update count of each parameter. */
export const onOptimizerSteps = (stages: LoopStages, edit: (step: number) => number): void =>
  onOptimizers(stages, (state) => ({
    ...state,
    steps: Object.fromEntries(
      Object.entries(state.steps).map(([parameter, step]) => [parameter, edit(step)]),
    ),
  }));

export const onGroups = (
  stages: LoopStages,
  edit: (groups: OptimizerState['groups']) => OptimizerState['groups'],
): void => onOptimizers(stages, (state) => ({ ...state, groups: edit(state.groups) }));

export function onSchedules(
  stages: LoopStages,
  edit: (state: ScheduleState, saved: Saved, name: string) => ScheduleState,
): void {
  onLoad(stages, (saved) => ({
    ...saved,
    schedules: Object.fromEntries(
      Object.entries(saved.schedules).map(([name, state]) => [name, edit(state, saved, name)]),
    ),
  }));
}
