/** The state of a loop as plain data: its initial state, and the contents of a checkpoint. */
import type { TensorMap } from '../checkpoint/safetensors.ts';
import type { OptimizerState } from '../training/optimizer.ts';
import type { ScheduleState } from '../training/schedule.ts';
import type { LoaderState } from './loader.ts';
import type { ScalerState } from './scaler.ts';

/** The initial state of a run, for the parts that a resume can reset. */
export interface Start {
  /** The state of the data loader. */
  readonly data: LoaderState;
  /** The state of each random generator, by name. */
  readonly random: ReadonlyMap<string, string>;
  /** The state of each schedule, by the name of its optimizer. */
  readonly schedules: ReadonlyMap<string, ScheduleState>;
  /** The state of the loss scale; undefined without one. */
  readonly scaler: ScalerState | undefined;
}

/** A checked checkpoint, as plain data. */
export interface Saved {
  /** The tensors of each file by name. The key of an optimizer slot is `parameter.slot`. */
  readonly tensors: Readonly<Record<'model' | 'optimizer' | 'ema' | 'gradients' | 'buffers', TensorMap>>;
  /** Micro-batches done. */
  readonly step: number;
  /** Updates done. */
  readonly updates: number;
  /** Updates of the EMA; 0 without one. */
  readonly emaUpdates: number;
  /** The state of each optimizer, without its slots, by name. */
  readonly optimizers: Readonly<Record<string, OptimizerState>>;
  /** The state of each schedule, by the name of its optimizer. */
  readonly schedules: Readonly<Record<string, ScheduleState>>;
  /** The state of each random generator, by name. */
  readonly random: Readonly<Record<string, string>>;
  /** The state of the data loader. */
  readonly data: LoaderState;
  /** The state of the loss scale; undefined without one. */
  readonly scaler: ScalerState | undefined;
}
