/** What the digit scenarios share: the base model, its fine-tuning recipe and the plan. */
import type { Loop } from '../../harness/loop/loop.ts';
import { adafactor } from '../../harness/training/adafactor.ts';
import { adamW } from '../../harness/training/adamw.ts';
import type { TrainerContext } from '../../harness/training/trainer.ts';
import { createFineTune, type FineTuneOptions, pretrained } from './fine-tune.ts';
import { BASE_TRANSFORMER, transformer } from './transformer.ts';

/** The learning rate has left 0 before the resume, and the cosine ends after it. */
export const PLAN = { steps: 24, resumeAt: 12, onSoftwareGpu: { steps: 6, resumeAt: 3 } };
const WARMUP_STEPS = 6;

/** What a scenario may change: the order of assembly, and whether a resume replaces the variables. */
type Otherwise = Pick<FineTuneOptions, 'order' | 'replaceVariables'>;

/** Fused backward pass: Adafactor with sd-scripts' recommended arguments. */
export async function fusedBackwardPass(context: TrainerContext, otherwise: Otherwise = {}): Promise<Loop> {
  return createFineTune(context, {
    ...(await base()),
    ...otherwise,
    fused: 'backward-pass',
    update: adafactor({ scaleParameter: false, relativeStep: false, warmupInit: false }),
    learningRate: 4e-3,
  });
}

/** Fused optimizer groups: AdamW, four optimizers, each with its own schedule. */
export async function fusedOptimizerGroups(
  context: TrainerContext,
  otherwise: Otherwise = {},
): Promise<Loop> {
  return createFineTune(context, {
    ...(await base()),
    ...otherwise,
    fused: 'optimizer-groups',
    update: adamW(),
    learningRate: 4e-3,
  });
}

/** One AdamW that steps after the backward pass of every second micro-batch. */
export async function unfused(context: TrainerContext): Promise<Loop> {
  return createFineTune(context, { ...(await base()), update: adamW(), learningRate: 4e-3, accumulate: 2 });
}

async function base() {
  return {
    model: transformer(BASE_TRANSFORMER),
    initialise: await pretrained(),
    warmupSteps: WARMUP_STEPS,
  };
}
