/** How the small network is trained, unless a scenario says otherwise. */
import { createLoop, type Loop } from '../../harness/loop/loop.ts';
import type { Recipe } from '../../harness/loop/recipe.ts';
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
  /** Factor of the learning rate after so many updates; by default a warm-up of two, then a cosine past the plan's end. */
  readonly schedule?: (updates: number) => number;
  /** Default 0.01. Two groups have their own. */
  readonly weightDecay?: number;
  /** Matrices and vectors are two parameter groups, and only the first has weight decay. Default one group. */
  readonly grouped?: boolean;
}

const isVector = (name: string): boolean => /bias|shift|scale/.test(name);

export async function trainNetwork(context: TrainerContext, training: Training): Promise<Loop> {
  const {
    network: options = {},
    update = adamW(),
    learningRate = 0.01,
    weightDecay = 0.01,
    schedule = warmupCosine(2, context.plan.steps + 4),
    grouped,
    ...recipe
  } = training;
  const random = ['noise', ...((options.dropout ?? 0) > 0 ? ['dropout'] : [])];
  const groups = grouped
    ? [
        { name: 'matrices', owns: (name: string) => !isVector(name), learningRate, weightDecay: 0.1 },
        { name: 'vectors', owns: isVector, learningRate: 2 * learningRate },
      ]
    : [{ name: 'all', owns: () => true, learningRate, weightDecay }];
  return createLoop(context, {
    model: await network(options, context.seed, context.images),
    optimizers: [{ name: 'all', groups, update, schedule }],
    batch: 8,
    random,
    ...recipe,
  });
}
