/** Trains the small network, with defaults that scenarios override. */
import { createLoop, type Loop } from '../../harness/loop/loop.ts';
import type { Recipe } from '../../harness/loop/recipe.ts';
import type { Settings } from '../../harness/trace/schema.ts';
import { adamW } from '../../harness/training/adamw.ts';
import type { UpdateRule } from '../../harness/training/optimizer.ts';
import { warmupCosine } from '../../harness/training/schedule.ts';
import type { TrainerContext } from '../../harness/training/trainer.ts';
import { type NetworkOptions, network } from './network.ts';

export interface Training extends Partial<Omit<Recipe, 'model' | 'optimizers'>> {
  readonly network?: NetworkOptions;
  /** Default AdamW. */
  readonly update?: UpdateRule;
  /** Default 0.01. */
  readonly learningRate?: number;
  /** Factor of the learning rate. Default: two updates of warm-up, then a cosine that ends after the plan. */
  readonly schedule?: (updates: number) => number;
  /** Default 0.01. Ignored with `grouped`. */
  readonly weightDecay?: number;
  /** Splits matrices and vectors into two parameter groups; only matrices get weight decay. Default one group. */
  readonly grouped?: boolean;
}

const isVector = (name: string): boolean => /bias|shift|scale/.test(name);

export async function trainNetwork(context: TrainerContext, training: Training): Promise<Loop> {
  const {
    network: options = {},
    update = adamW(),
    learningRate = 0.01,
    weightDecay = 0.01,
    schedule: _,
    grouped,
    ...recipe
  } = training;
  const random = ['noise', ...((options.dropout ?? 0) > 0 ? ['dropout'] : [])];
  const { batch = 8, accumulate = 1 } = training;
  const groups = grouped
    ? [
        { name: 'matrices', owns: (name: string) => !isVector(name), learningRate, weightDecay: 0.1 },
        { name: 'vectors', owns: isVector, learningRate: 2 * learningRate },
      ]
    : [{ name: 'all', owns: () => true, learningRate, weightDecay }];
  const changed = ({ steps = context.plan.steps, batchSize, accumulation }: Settings) => ({
    batch: batchSize ?? batch,
    accumulate: accumulation ?? accumulate,
    optimizers: [{ name: 'all', groups, update, schedule: training.schedule ?? warmupCosine(2, steps + 4) }],
  });
  return createLoop(context, {
    model: await network(options, context.seed, context.images),
    random,
    ...recipe,
    ...changed(context.changed ?? {}),
    changed,
  });
}
