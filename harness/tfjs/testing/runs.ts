/** Runs trainers in this process and returns what the probe records. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { createProbe } from '../../probe/probe.ts';
import { recordState } from '../../probe/state.ts';
import type { StateRecord, StepRecord } from '../../trace/schema.ts';
import type { Trainer } from '../../training/trainer.ts';
import { type LayersTraining, layersTrainer } from '../layers-trainer.ts';

export const START = { seed: 3, checkpoint: undefined, weightsOnly: false };

export const begin = (of: LayersTraining<LayersModel>, checkpoint?: string): Promise<Trainer> =>
  layersTrainer({ ...START, checkpoint }, of);

/** Runs the steps after `from` up to `to`. Returns their records without the duration. */
export async function run(
  trainer: Trainer,
  from: number,
  to: number,
): Promise<Omit<StepRecord, 'seconds'>[]> {
  const probe = createProbe(trainer, 'nowhere', () => {});
  const records = [];
  for (let step = from + 1; step <= to; step += 1) {
    const { seconds: _, ...record } = await probe.step(step);
    records.push(record);
  }
  return records;
}

export const stateOf = (trainer: Trainer, step: number): Promise<StateRecord> =>
  recordState('end', step, trainer.observe());
