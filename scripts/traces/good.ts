/** Cases that are well-formed and honestly recorded, each with what the judge must say. */
import { type Lines, type Process, preparesEarly, type Recorder, record } from './record.ts';
import type { Parameter, Recipe, State } from './trainer.ts';

/** What the judge must say: exactly this outcome and these rules, and this as a part of the headline. */
export interface Said {
  readonly outcome: 'proven' | 'refuted' | 'inconclusive';
  readonly rules: readonly string[];
  readonly headline: string;
}

export interface GoodCase extends Said {
  readonly name: string;
  /** One sentence. */
  readonly teaches: string;
  readonly traces: Lines;
  /** What the reader says of a file of a process that failed. */
  readonly defects?: Readonly<Record<string, { readonly line: null; readonly reason: string }>>;
}

const WEIGHT: Parameter = { name: 'weight', start: [3, 4] };
const BIAS: Parameter = { name: 'bias', start: [0.5] };
const SGD: Recipe = { parameters: [WEIGHT], optimizer: 'sgd' };
const ADAM: Recipe = { parameters: [WEIGHT, BIAS], optimizer: 'adam' };
const DECAYS = (update: number): number => 0.5 / (update + 1);

/** Falls to zero after the last of this many steps. */
const falls =
  (steps: number) =>
  (update: number): number =>
    0.5 * (1 - update / steps);

const FEW = ['slots', 'samples', 'random'];
const sgd: Recorder = { horizon: 4, lacks: FEW };
const adam: Recorder = { horizon: 4, lacks: ['samples', 'random'] };

const control = (passes: readonly number[] = [2], until = 4): Process => ({
  id: 'control',
  role: 'control',
  until,
  passes,
});
const before = (until = 2): Process => ({ id: 'before', role: 'before', until, saves: [until] });
const beforeThatTells = (...tells: NonNullable<Process['tells']>): Process => ({ ...before(), tells });
const after = (about: Partial<Process> = {}): Process => ({
  id: 'after-1',
  role: 'after',
  from: { process: 'before', step: 2 },
  until: 4,
  ...about,
});
/** Trained without a stop, and saved and resumed after step 2. */
const once = (about: Partial<Process> = {}): Process[] => [control(), before(), after(about)];

const STOPPED = { line: null, reason: 'ends before the run did, without an end record' } as const;
const RESUMED_ONCE: Said = { outcome: 'proven', rules: [], headline: 'Resumed once: indistinguishable' };
const RESUMED_TWICE: Said = { outcome: 'proven', rules: [], headline: 'Resumed 2 times: indistinguishable' };

/** A generator of noise, the same whenever the suite is written. */
function jitter(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state / 2 ** 32 - 0.5) * 1e-6;
  };
}
const noisy = (process: Process, seed: number): Process => ({
  ...process,
  recipe: { ...ADAM, noise: jitter(seed) },
});

const restarts = (state: State): void => {
  state.counters['sampler.position'] = 0;
  state.slots = {};
};

/** The same on each of several ranks that hold replicas: `control-rank-0` and so on. */
const onRanks = (lines: Lines, worldSize: number): Lines =>
  Object.fromEntries(
    Object.entries(lines).flatMap(([file, own]) =>
      Array.from({ length: worldSize }, (_, rank) => [
        file.replace('.jsonl', `-rank-${rank}.jsonl`),
        own.map((line) => (line.kind === 'run' ? { ...line, rank, worldSize } : line)),
      ]),
    ),
  );

export const GOOD: readonly GoodCase[] = [
  {
    name: 'torch-adam',
    teaches:
      'Adam as in PyTorch: slots `weight.exp_avg`, a 0-d `weight.step`, an EMA, a buffer, a generator and samples of all three types.',
    traces: record(
      { ...ADAM, generators: ['torch'], ema: true, buffer: true },
      { horizon: 4, lacks: [], samples: true },
      once(),
    ),
    ...RESUMED_ONCE,
  },
  {
    name: 'jax-optax',
    teaches:
      'Adam as in optax: slots by path (`0/mu/weight`), one count as a counter, no groups, and null for what is absent.',
    traces: record({ ...ADAM, dialect: 'optax' }, { ...adam, language: 'jax' }, once()),
    ...RESUMED_ONCE,
  },
  {
    name: 'micro-batches',
    teaches:
      'Two micro-batches per update, saved between them: the gradient accumulated so far is part of the state, and `gradientL2` is the running sum.',
    traces: record({ ...ADAM, every: 2 }, adam, [
      control([3]),
      before(3),
      after({ from: { process: 'before', step: 3 } }),
    ]),
    ...RESUMED_ONCE,
  },
  {
    name: 'pending-gradients-lost',
    teaches: 'The same, but the gradient accumulated before the save is not restored.',
    traces: record({ ...ADAM, every: 2 }, adam, [
      control([3]),
      before(3),
      after({
        from: { process: 'before', step: 3 },
        restores: (state) => {
          state.gradients = {};
        },
      }),
    ]),
    outcome: 'refuted',
    rules: [
      'gradients-not-restored',
      'gradients-differ',
      'updates-differ',
      'parameters-differ',
      'final-parameters-differ',
      'final-slots-differ',
    ],
    headline: 'accumulated gradients were not restored',
  },
  {
    name: 'steps-are-updates',
    teaches:
      'A step is an update of two micro-batches (`stepIs`: `update`): two hook calls and two examples in each.',
    traces: record({ ...ADAM, every: 2, stepIs: 'update' }, adam, once()),
    ...RESUMED_ONCE,
  },
  {
    name: 'several-resumes',
    teaches: 'A chain: the first resumed process saves, and a second one resumes from that.',
    traces: record(SGD, { ...sgd, horizon: 6 }, [
      control([2, 4], 6),
      before(),
      after({ saves: [4] }),
      after({ id: 'after-2', from: { process: 'after-1', step: 4 }, until: 6 }),
    ]),
    ...RESUMED_TWICE,
  },
  {
    name: 'two-ranks',
    teaches: 'Two ranks that hold replicas of all parameters: each writes a trace of each process.',
    traces: onRanks(record(SGD, sgd, once()), 2),
    ...RESUMED_ONCE,
  },
  {
    name: 'fork',
    teaches: 'Two processes resume from the same checkpoint, and one control serves both.',
    traces: record(SGD, sgd, [control(), before(), after(), after({ id: 'after-2' })]),
    ...RESUMED_TWICE,
  },
  {
    name: 'saves-and-goes-on',
    teaches:
      'A process saves, trains on and saves again, and is resumed from the older of its two checkpoints.',
    traces: record(SGD, sgd, [control(), { ...before(), until: 3, saves: [2, 3] }, after()]),
    ...RESUMED_ONCE,
  },
  {
    name: 'stopped-as-planned',
    teaches:
      'A process that its parent ended after its last save: no `end` record, and the outcome `stopped-as-planned`.',
    traces: record(SGD, sgd, [control(), { ...before(), ended: 'stopped-as-planned' }, after()]),
    ...RESUMED_ONCE,
  },
  {
    name: 'killed',
    teaches:
      'A process that the history kills in mid-training: its trace ends anywhere, and its last checkpoint is resumed.',
    traces: record(SGD, sgd, [
      control(),
      { ...before(), until: 4, saves: [2], ended: { killedAfter: 3 } },
      after(),
    ]),
    ...RESUMED_ONCE,
  },
  {
    name: 'killed-after-a-resume',
    teaches:
      'A resumed process that saves and is killed, and one that resumes from what it saved: the first is judged as far as it got.',
    traces: record(SGD, { ...sgd, horizon: 6 }, [
      control([2, 3], 6),
      before(),
      after({ until: 6, saves: [3], ended: { killedAfter: 4 } }),
      after({ id: 'after-2', from: { process: 'after-1', step: 3 }, until: 6 }),
    ]),
    ...RESUMED_TWICE,
  },
  {
    name: 'noise',
    teaches:
      'A backend that is not deterministic: three twins measure the noise, and each tensor has a sketch.',
    traces: record(ADAM, { ...adam, deterministic: false }, [
      noisy(control(), 1),
      ...[1, 2, 3].map((n) => noisy({ ...control(), id: `twin-${n}`, role: 'twin' as const }, n + 1)),
      noisy(before(), 5),
      noisy(after(), 6),
    ]),
    ...RESUMED_ONCE,
  },
  {
    name: 'half-precision',
    teaches:
      'Weights in bfloat16 and float16: `bits` is at most 8 and 11, and the digest is of two bytes per value. The checkpoint holds them so, too.',
    traces: record(
      {
        ...ADAM,
        parameters: [
          { ...WEIGHT, start: [3.1, 4.7], format: 'bfloat16' },
          { ...BIAS, start: [0.3], format: 'float16' },
        ],
      },
      adam,
      [control(), beforeThatTells('parameters', 'slots'), after()],
    ),
    ...RESUMED_ONCE,
  },
  {
    name: 'tied-and-frozen',
    teaches:
      'Tied parameters: each name is listed once with the same `storage`, and the first name carries the slots. A frozen one never changes.',
    traces: record(
      {
        ...ADAM,
        parameters: [
          { ...WEIGHT, name: 'embedding.weight' },
          { ...WEIGHT, name: 'head.weight', tied: 'embedding.weight' },
          { ...BIAS, name: 'scale', frozen: true },
        ],
      },
      adam,
      once(),
    ),
    ...RESUMED_ONCE,
  },
  {
    name: 'gradients-of-no-optimizer',
    teaches:
      'A parameter that no optimizer holds (group null) collects gradients that nothing applies. They are lost in the resume, which is no fault.',
    traces: record(
      { ...ADAM, parameters: [WEIGHT, { name: 'unused', start: [0.75], group: null }] },
      adam,
      once({
        restores: (state) => {
          delete state.gradients.unused;
        },
      }),
    ),
    ...RESUMED_ONCE,
  },
  {
    name: 'users-hooks',
    teaches:
      "Post-accumulate hooks of the user's count too, as well as the one that updates: two calls per step.",
    traces: record({ ...ADAM, hooks: 1 }, adam, once()),
    ...RESUMED_ONCE,
  },
  {
    name: 'declared-deviations',
    teaches:
      'A trainer that restores neither its place in the data nor its slots, and says so: the control does the same to itself, and shows its state before and after.',
    traces: record(ADAM, { ...adam, deviates: ['data-order', 'slots'], deviate: restarts }, once()),
    ...RESUMED_ONCE,
  },
  {
    name: 'another-length',
    teaches:
      'A run of 4 steps that is resumed with a length of 6: the control makes the same change at the same step, and shows its state after it.',
    traces: record(
      { ...SGD, rate: falls(4) },
      { ...sgd, changes: [{ at: 2, steps: 6 }], changed: { ...SGD, rate: falls(6) } },
      [control([2], 6), before(), after({ until: 6 })],
    ),
    ...RESUMED_ONCE,
  },
  {
    name: 'another-length-ignored',
    teaches: 'The same, but the resumed process keeps the schedule of 4 steps.',
    traces: {
      ...record(
        { ...SGD, rate: falls(4) },
        { ...sgd, changes: [{ at: 2, steps: 6 }], changed: { ...SGD, rate: falls(6) } },
        [control([2], 6)],
      ),
      ...record(
        { ...SGD, rate: falls(4) },
        { ...sgd, changes: [{ at: 2, steps: 6 }], changed: { ...SGD, rate: falls(4) } },
        [before(), after({ until: 6 })],
      ),
    },
    outcome: 'refuted',
    rules: [
      'learning-rate-differs',
      'claim-contradicted',
      'applied-learning-rate-differs',
      'loss-differs',
      'gradients-differ',
      'updates-differ',
      'parameters-differ',
      'final-parameters-differ',
    ],
    headline: 'this resume was to change the run to steps 6',
  },
  {
    name: 'lazy-slots',
    teaches:
      'Slots that the first update creates: none at the save before it, and zeros in a resumed process that prepares them. Both mean the same.',
    traces: record({ ...ADAM, every: 2 }, adam, [
      control([1]),
      before(1),
      after({ from: { process: 'before', step: 1 }, restores: preparesEarly(ADAM) }),
    ]),
    ...RESUMED_ONCE,
  },
  {
    name: 'rate-logged-after-the-schedule',
    teaches:
      'The log shows the learning rate of the next update, in every process. The judge finds that lag in the control.',
    traces: record({ ...SGD, rate: DECAYS }, { ...sgd, logsNextRate: true }, once()),
    ...RESUMED_ONCE,
  },
  {
    name: 'state-in-each-step',
    teaches:
      'Generators, counters and other tensors after each step, sketches, and digests that do not depend on the order: all that is optional.',
    traces: record(
      { ...ADAM, generators: ['torch'], ema: true },
      { horizon: 4, lacks: [], samples: true, perStep: true },
      once(),
    ),
    ...RESUMED_ONCE,
  },
  {
    name: 'counter-of-restarts',
    teaches: 'A counter that goes up with each resume is named in `countsResumes`, and is not compared.',
    traces: record({ ...SGD, countsStarts: true }, { ...sgd, countsResumes: ['starts'] }, once()),
    ...RESUMED_ONCE,
  },
  {
    name: 'counter-of-restarts-undeclared',
    teaches: 'The same counter without that declaration is a counter that was not restored.',
    traces: record({ ...SGD, countsStarts: true }, sgd, once()),
    outcome: 'refuted',
    rules: ['counters-not-restored', 'final-counters-differ'],
    headline: "'starts' is 2 instead of 1",
  },
  {
    name: 'disk-full',
    teaches:
      'The resumed process fails for a reason of the machine: nothing is proven, and nobody is blamed.',
    traces: record(
      SGD,
      sgd,
      once({ until: 4, failure: ['environment', 'No space left on device'], ended: { killedAfter: 3 } }),
    ),
    defects: { 'after-1.jsonl': STOPPED },
    outcome: 'inconclusive',
    rules: ['run-died'],
    headline: 'No space left on device',
  },
  {
    name: 'fails-without-a-resume-too',
    teaches: 'The program throws at the same step in the control: the resume is not to blame.',
    traces: record(SGD, sgd, [
      { ...control(), ended: { killedAfter: 3 }, failure: ['error', 'index 3 is out of range'] },
      before(),
      after({ ended: { killedAfter: 3 }, failure: ['error', 'index 3 is out of range'] }),
    ]),
    defects: { 'control.jsonl': STOPPED, 'after-1.jsonl': STOPPED },
    outcome: 'inconclusive',
    rules: ['run-died'],
    headline: 'index 3 is out of range',
  },
  {
    name: 'not-reproducible',
    teaches: 'A program that draws other numbers in each process: no resume can be judged by it.',
    traces: record(SGD, sgd, [control(), { ...before(), recipe: { ...SGD, noise: jitter(9) } }, after()]),
    outcome: 'inconclusive',
    rules: [
      'not-reproducible',
      'loss-differs',
      'gradients-differ',
      'updates-differ',
      'parameters-differ',
      'final-parameters-differ',
    ],
    headline: 'not reproducible',
  },
  {
    name: 'hooks-on-old-variables',
    teaches:
      'The hooks that update were registered before the load, which replaced the parameters: gradients arrive, no hook fires, nothing moves, and the log looks right.',
    traces: record(ADAM, adam, once({ fault: 'old-hooks' })),
    outcome: 'refuted',
    rules: [
      'hooks-silent',
      'silent-no-op',
      'claim-contradicted',
      'slots-do-not-advance',
      'loss-differs',
      'gradients-differ',
      'updates-differ',
      'parameters-differ',
      'final-parameters-differ',
      'final-slots-differ',
      'final-counters-differ',
    ],
    headline: 'no gradient hook fires',
  },
  {
    name: 'stale-learning-rate',
    teaches:
      'The update uses the learning rate 0 of an old group, while the log shows the right one of the next update: the judge still sees it.',
    traces: record({ ...ADAM, rate: DECAYS }, { ...adam, logsNextRate: true }, once({ fault: 'stale-rate' })),
    outcome: 'refuted',
    rules: [
      'learning-rate-not-as-claimed',
      'silent-no-op',
      'claim-contradicted',
      'applied-learning-rate-differs',
      'loss-differs',
      'gradients-differ',
      'updates-differ',
      'parameters-differ',
      'final-parameters-differ',
      'final-slots-differ',
    ],
    headline: 'the updates use learning rate 0, but the log shows 0.1667',
  },
  {
    name: 'orphaned-parameters',
    teaches:
      'A copy is trained after the load: its hook calls, updates and gradients count as strays, under no name.',
    traces: record(ADAM, adam, once({ fault: 'trains-a-copy' })),
    outcome: 'refuted',
    rules: [
      'updates-go-astray',
      'gradients-missing',
      'hooks-silent',
      'silent-no-op',
      'claim-contradicted',
      'slots-do-not-advance',
      'loss-differs',
      'gradients-differ',
      'updates-differ',
      'parameters-differ',
      'final-parameters-differ',
      'final-slots-differ',
      'final-counters-differ',
    ],
    headline: 'a copy of the model is trained',
  },
  {
    name: 'slots-lost',
    teaches: 'The resumed process starts with empty slots, as if its optimizer were new.',
    traces: record(
      ADAM,
      adam,
      once({
        restores: (state) => {
          state.slots = {};
        },
      }),
    ),
    outcome: 'refuted',
    rules: [
      'slots-not-restored',
      'counters-not-restored',
      'loss-differs',
      'gradients-differ',
      'updates-differ',
      'parameters-differ',
      'final-parameters-differ',
      'final-slots-differ',
      'final-counters-differ',
    ],
    headline: 'slots was restored',
  },
  {
    name: 'slots-not-read',
    teaches:
      'The same, with a record of what is in the checkpoint: it holds the slots, so the load is at fault.',
    traces: record({ ...ADAM, parameters: [WEIGHT, { name: 'bias', start: [0.5, 0.25] }] }, adam, [
      control(),
      beforeThatTells('parameters', 'slots'),
      after({
        restores: (state) => {
          state.slots = {};
        },
      }),
    ]),
    outcome: 'refuted',
    rules: [
      'slots-not-restored',
      'counters-not-restored',
      'loss-differs',
      'gradients-differ',
      'updates-differ',
      'parameters-differ',
      'final-parameters-differ',
      'final-slots-differ',
      'final-counters-differ',
    ],
    headline: 'the checkpoint holds the right values',
  },
  {
    name: 'slots-left-out',
    teaches: 'The same, but the checkpoint holds no slots, so the save is at fault.',
    traces: record({ ...ADAM, parameters: [WEIGHT, { name: 'bias', start: [0.5, 0.25] }] }, adam, [
      control(),
      beforeThatTells('parameters'),
      after({
        restores: (state) => {
          state.slots = {};
        },
      }),
    ]),
    outcome: 'refuted',
    rules: [
      'slots-not-restored',
      'counters-not-restored',
      'loss-differs',
      'gradients-differ',
      'updates-differ',
      'parameters-differ',
      'final-parameters-differ',
      'final-slots-differ',
      'final-counters-differ',
    ],
    headline: 'the checkpoint does not hold the right values',
  },
];
