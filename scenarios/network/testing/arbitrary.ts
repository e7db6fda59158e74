/** Arbitrary healthy trainers as plain data: every kind that the small network and the loop support. */
import fc from 'fast-check';
import {
  adafactor,
  adamW,
  sgd,
  type UpdateRule,
  warmupCosine,
  withMasterWeights,
} from '../../../harness/index.ts';
import type { Loop } from '../../../harness/loop/loop.ts';
import type { Observable, Plan } from '../../../harness/trace/schema.ts';
import type { TrainerContext } from '../../../harness/training/trainer.ts';
import { type Training, trainNetwork } from '../train.ts';

const OPTIMIZERS = ['adamw', 'momentum', 'sgd', 'adafactor', 'adafactor, relative step'] as const;

/** A trainer and a plan as JSON, so that a failure shows all that is needed to rebuild it. */
export interface Healthy {
  readonly seed: number;
  readonly plan: Plan;
  readonly network: {
    readonly hidden: readonly number[];
    readonly activation: 'tanh' | 'relu';
    readonly images: number;
    readonly tied: boolean;
    readonly normalised: boolean;
    readonly dropout: number;
    readonly jitter: number;
    readonly adapters?: number;
  };
  /** Prefixes and suffixes of the parameters that are not trained. */
  readonly frozen: readonly string[];
  readonly optimizer: (typeof OPTIMIZERS)[number];
  readonly masterWeights: boolean;
  readonly learningRate: number;
  readonly grouped: boolean;
  /** Updates at learning rate 0, then of warm-up; then a cosine that reaches 0 after `until` more, or a constant. */
  readonly schedule: { readonly zero: number; readonly warmup: number; readonly until?: number };
  readonly fused: 'none' | 'backward-pass' | 'optimizer-groups';
  readonly fusedGroups: number;
  readonly accumulate: number;
  readonly batch: number;
  readonly shuffle: 'none' | 'epoch' | { readonly buffer: number };
  readonly maxGradNorm?: number;
  readonly ema?: number;
  readonly lossScale?: { readonly initial: number; readonly growthInterval: number };
  /** Checkpoints hold the adapters without their base. */
  readonly adaptersAlone: boolean;
  readonly replaceVariables: boolean;
}

const MOST_STEPS = 8;
const often = <T>(usual: T, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 2, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary });
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

/**
 * Three to eight steps, and one to four resumes. At least one window of micro-batches follows the last resume,
 * because a control that does not move after it is inconclusive. One more resume may follow the last step.
 */
const plans = (accumulate: number): fc.Arbitrary<Plan> =>
  fc
    .tuple(fc.integer({ min: Math.max(3, accumulate + 1), max: MOST_STEPS }), fc.boolean())
    .chain(([steps, pastTheEnd]) =>
      fc
        .uniqueArray(fc.integer({ min: 1, max: steps - accumulate }), {
          minLength: 1,
          maxLength: pastTheEnd ? 3 : 4,
        })
        .map((points) => ({
          steps,
          resumeAt: [...points.sort((a, b) => a - b), ...(pastTheEnd ? [steps] : [])],
        })),
    );

const networks: fc.Arbitrary<Healthy['network']> = fc
  .record({
    tied: fc.boolean(),
    width: fc.integer({ min: 3, max: 6 }),
    widths: fc.array(fc.integer({ min: 2, max: 6 }), { minLength: 1, maxLength: 3 }),
    depth: fc.integer({ min: 3, max: 4 }),
    activation: fc.constantFrom('tanh', 'relu'),
    images: fc.integer({ min: 1, max: 4 }),
    normalised: fc.boolean(),
    dropout: often(0, fc.constantFrom(0.1, 0.5)),
    jitter: fc.constantFrom(0, 0.02),
    adapters: maybe(fc.integer({ min: 1, max: 2 })),
  })
  .map(({ width, widths, depth, adapters, ...rest }) => ({
    ...rest,
    // Only layers of equal shape can share a weight.
    hidden: rest.tied ? new Array<number>(depth).fill(width) : widths,
    ...(adapters === undefined ? {} : { adapters }),
  }));

/** Every value is a healthy trainer; smaller values are simpler. */
export const healthyTrainers: fc.Arbitrary<Healthy> = fc
  .record({
    fused: fc.constantFrom('none', 'none', 'backward-pass', 'optimizer-groups'),
    accumulate: often(1, fc.integer({ min: 2, max: 3 })),
  } as const)
  .map(({ fused, accumulate }) => ({ fused, accumulate: fused === 'none' ? accumulate : 1 }) as const)
  .chain(({ fused, accumulate }) =>
    fc.record({
      seed: fc.nat({ max: 999 }),
      plan: plans(accumulate),
      network: networks,
      frozen: often([], fc.subarray(['embedding', 'hidden.0', 'norm.', '.bias', 'lora_a'], { minLength: 1 })),
      optimizer: fc.constantFrom(...OPTIMIZERS),
      masterWeights: often(false, fc.constant(true)),
      learningRate: fc.constantFrom(0.001, 0.01, 0.03),
      grouped: fc.boolean(),
      schedule: fc.record(
        {
          zero: often(0, fc.integer({ min: 1, max: 4 })),
          warmup: fc.nat({ max: 3 }),
          until: fc.integer({ min: 2, max: 2 * MOST_STEPS }),
        },
        { requiredKeys: ['zero', 'warmup'] },
      ),
      fused: fc.constant(fused),
      fusedGroups: fc.integer({ min: 1, max: 4 }),
      accumulate: fc.constant(accumulate),
      batch: often(4, fc.constantFrom(1, 2, 64)),
      shuffle: fc.oneof(
        fc.constant('epoch' as const),
        fc.constant('none' as const),
        fc.record({ buffer: fc.integer({ min: 1, max: 40 }) }),
      ),
      maxGradNorm: maybe(fc.constantFrom(0.01, 0.1, 1)),
      ema: maybe(fc.constantFrom(0.5, 0.9, 0.999)),
      lossScale: fused === 'none' ? maybe(scales) : fc.constant(undefined),
      adaptersAlone: fc.boolean(),
      replaceVariables: fc.boolean(),
    }),
  )
  .map(({ maxGradNorm, ema, lossScale, ...rest }) => ({
    ...rest,
    ...(maxGradNorm === undefined ? {} : { maxGradNorm }),
    ...(ema === undefined ? {} : { ema }),
    ...(lossScale === undefined ? {} : { lossScale }),
  }))
  .filter((healthy) => CONDITIONS.every((holds) => holds(healthy)));

/** A trainer that does not meet these may not move, which makes it inconclusive. */
const CONDITIONS: readonly ((healthy: Healthy) => boolean)[] = [
  // With adapters, freezing the only layer leaves nothing to train.
  ({ network, frozen }) =>
    network.adapters === undefined || network.hidden.length > 1 || !frozen.includes('hidden.0'),
  // The mean of a single example is the example itself.
  ({ network, batch }) => !network.normalised || batch > 1,
  // bfloat16 hides small updates until they add up.
  ({ masterWeights, learningRate, optimizer, schedule }) =>
    !masterWeights || (learningRate >= 0.03 && optimizer !== 'sgd' && schedule.until === undefined),
  updatesAfterLastResume,
];

/** A control whose learning rate is 0 after the last resume is inconclusive. Overflows may delay its schedule. */
function updatesAfterLastResume({ plan, accumulate, schedule, lossScale }: Healthy): boolean {
  const last = plan.resumeAt.findLast((from) => from < plan.steps)!;
  const [first, end] = [last, plan.steps].map((step) => Math.floor(step / accumulate)) as [number, number];
  const factor = factorOf(schedule);
  const trains = (skipped: number): boolean =>
    Array.from({ length: end - first }, (_, at) => Math.max(0, first + at - skipped)).some(
      (updates) => factor(updates) > 0,
    );
  return (lossScale === undefined ? [0] : [0, 1, 2, 3]).every(trains);
}

/** From scales that never overflow to scales that overflow in the first steps. */
const scales = fc
  .record({ exponent: fc.integer({ min: 8, max: 16 }), growthInterval: fc.integer({ min: 2, max: 3 }) })
  .map(({ exponent, growthInterval }) => ({ initial: 2 ** exponent, growthInterval }));

/** The scenario of a drawn trainer, without its plan. */
export function scenarioOf(healthy: Healthy): {
  trainer: (context: TrainerContext) => Promise<Loop>;
  lacks: readonly Observable[];
} {
  const training = trainingOf(healthy);
  const slotless = healthy.optimizer === 'sgd' && !healthy.masterWeights;
  return {
    lacks: [
      ...(healthy.fused === 'none' ? (['hooks'] as const) : []),
      ...(slotless ? (['slots'] as const) : []),
    ],
    trainer: (context) => trainNetwork({ ...context, seed: healthy.seed }, training),
  };
}

function trainingOf(healthy: Healthy): Training {
  const { plan: _, seed: __, network, frozen, optimizer, masterWeights, schedule, ...rest } = healthy;
  const { adaptersAlone, ...recipe } = rest;
  const rule = ruleOf(optimizer);
  return {
    ...recipe,
    network: {
      ...network,
      frozen: (name) => frozen.some((part) => name.startsWith(part) || name.endsWith(part)),
    },
    update: masterWeights ? withMasterWeights(rule) : rule,
    schedule: factorOf(schedule),
    // The frozen base is rebuilt from the seed.
    ...(adaptersAlone && network.adapters !== undefined
      ? { saves: (name: string) => name.includes('lora_') }
      : {}),
  };
}

function ruleOf(optimizer: Healthy['optimizer']): UpdateRule {
  if (optimizer === 'adamw') return adamW();
  if (optimizer === 'momentum') return sgd({ momentum: 0.9 });
  if (optimizer === 'sgd') return sgd();
  return adafactor({ relativeStep: optimizer !== 'adafactor' });
}

function factorOf({ zero, warmup, until }: Healthy['schedule']): (updates: number) => number {
  const cosine = until === undefined ? undefined : warmupCosine(warmup, warmup + until);
  return (updates) => {
    const begun = updates - zero;
    if (begun < 0) return 0;
    return cosine?.(begun) ?? Math.min(1, (begun + 1) / (warmup + 1));
  };
}
