/** The state of a loop as plain data: its initial state, and the contents of a checkpoint. */
import type { TensorMap } from '../checkpoint/safetensors.ts';
import type { OptimizerState } from '../training/optimizer.ts';
import type { ScheduleState } from '../training/schedule.ts';
import type { LoaderState } from './loader.ts';
import type { ScalerState } from './scaler.ts';

/** The initial state of a run, for the parts that a resume can reset. */
export interface Start {
  readonly data: LoaderState;
  readonly random: ReadonlyMap<string, string>;
  readonly schedules: ReadonlyMap<string, ScheduleState>;
  readonly scaler: ScalerState | undefined;
}

/** A checked checkpoint, as plain data. */
export interface Saved {
  readonly tensors: Readonly<Record<'model' | 'optimizer' | 'ema' | 'gradients' | 'buffers', TensorMap>>;
  readonly step: number;
  readonly updates: number;
  readonly emaUpdates: number;
  readonly optimizers: Readonly<Record<string, OptimizerState>>;
  readonly schedules: Readonly<Record<string, ScheduleState>>;
  readonly random: Readonly<Record<string, string>>;
  readonly data: LoaderState;
  readonly scaler: ScalerState | undefined;
}
