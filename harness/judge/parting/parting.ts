/** The general diagnosis: where a resumed run and its control first part. It needs no named cause. */
import type { Evidence, Resume } from '../evidence.ts';
import { firstParting } from './first.ts';
import { partingText } from './sentence.ts';
import type { Stage } from './stages.ts';

export interface PartingDiagnosis {
  /** The text after `After resume 1, `, without a full stop. */
  readonly sentence: string;
  /** What the stage points to. */
  readonly because: string;
  /** The rules that report the stage, the most specific first. */
  readonly heads: readonly string[];
}

const RULES: Readonly<Record<Stage, readonly string[]>> = {
  batch: ['batches-differ'],
  random: ['random-does-not-advance', 'final-random-differs'],
  loss: ['loss-differs'],
  gradient: ['gradients-missing', 'gradients-differ'],
  accumulated: ['gradients-differ'],
  made: ['applied-differs'],
  clipped: ['applied-gradients-differ'],
  'learning-rate': ['applied-learning-rate-differs', 'learning-rate-differs'],
  'logged-learning-rate': ['learning-rate-differs'],
  slot: ['slots-do-not-advance', 'final-slots-differ'],
  writes: ['update-counts-differ'],
  update: ['stalled-parameters', 'frozen-parameters-move', 'updates-differ'],
  parameter: ['parameters-differ', 'final-parameters-differ'],
  buffer: ['buffers-do-not-advance', 'final-buffers-differ'],
  ema: ['ema-does-not-advance', 'final-ema-differs'],
  counter: ['final-counters-differ'],
  sample: ['samples-differ-at-resume', 'samples-unchanged', 'samples-differ-from-control'],
};

export function partingOf(evidence: Evidence, resume: Resume): PartingDiagnosis | undefined {
  const parting = firstParting(evidence, resume);
  return parting && { ...partingText(parting), heads: RULES[parting.stage] };
}
