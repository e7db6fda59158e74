/** The stages of a step, in the order in which a step computes them. */
import { indexOf, sameValues } from '../columns.ts';
import type { StepPair } from '../evidence.ts';
import type { Noise } from '../noise/noise.ts';
import type { Curve } from '../quantities.ts';
import type { Value } from '../words.ts';
import { type Observed, observedSight } from './per-step.ts';
import { type Parted, type Sight, sightOfEntries } from './sight.ts';

export const STAGES = [
  'batch',
  'random',
  'loss',
  'gradient',
  'accumulated',
  'made',
  'clipped',
  'learning-rate',
  'logged-learning-rate',
  'slot',
  'writes',
  'update',
  'parameter',
  'buffer',
  'ema',
  'counter',
  'sample',
] as const;

export type Stage = (typeof STAGES)[number];

/** Undefined if the two steps do not show the stage. */
type Look = (pair: StepPair, noise: Noise) => Sight | undefined;

const LOOKS: Readonly<Partial<Record<Stage, Look>>> = {
  batch({ control, resumed }) {
    const [theirs, mine] = [control.claimed.batch, resumed.claimed.batch];
    // An empty batch is one that nobody told.
    if (theirs.length === 0 || mine.length === 0) return undefined;
    const same = theirs.length === mine.length && theirs.every((id, at) => id === mine[at]);
    return { parted: same ? [] : [{ name: '', mine: [], theirs: [] }], among: [''] };
  },
  random: ({ control, resumed }) => sightOfEntries(control.random, resumed.random),
  loss({ control, resumed }, noise) {
    const parted = noise.departing('loss', control, resumed).length > 0;
    return {
      parted: parted ? [one(resumed.claimed.loss, control.claimed.loss)] : [],
      among: [''],
    };
  },
  gradient: curve('gradientL2'),
  accumulated: observed('gradient'),
  made({ control, resumed }) {
    const [theirs, mine] = [control.claimed.applied, resumed.claimed.applied];
    return { parted: mine === theirs ? [] : [one(mine, theirs)], among: [''] };
  },
  clipped: curve('appliedGradientL2'),
  'learning-rate': column(({ learningRates }) => learningRates),
  'logged-learning-rate': ({ control, resumed }) =>
    sightOfEntries(control.claimed.learningRates, resumed.claimed.learningRates),
  slot: observed('slot'),
  // A recorder that cannot see updates writes 0 for all of them.
  writes: column(
    ({ updates }) => updates,
    ({ updates }) => updates.some((count) => count > 0),
  ),
  update: curve('updateL2'),
  parameter: curve('l2'),
  buffer: observed('buffer'),
  ema: observed('ema'),
  // A number that is computed from losses has their noise, which is not measured.
  counter: ({ control, resumed }, { exact }) =>
    sightOfEntries(
      control.counters,
      resumed.counters,
      (name) => exact || !isFraction(control.counters?.[name]),
    ),
};

const isFraction = (value: Value): boolean => typeof value === 'number' && !Number.isInteger(value);

/** What the two steps show of a stage; undefined if they do not show it. */
export const look = (stage: Stage, pair: StepPair, noise: Noise): Sight | undefined =>
  LOOKS[stage]?.(pair, noise);

const one = (mine: Value, theirs: Value): Parted => ({
  name: '',
  mine: [],
  theirs: [],
  values: [mine, theirs],
});

function curve(quantity: Exclude<Curve, 'loss'>): Look {
  return ({ control, resumed }, noise) => {
    const theirs = control[quantity];
    const mine = resumed[quantity];
    if (theirs === undefined || mine === undefined) return undefined;
    if (theirs.every((norm) => norm === null) && mine.every((norm) => norm === null)) return undefined;
    const [inControl, inResumed] = [indexOf(control.names), indexOf(resumed.names)];
    const ofMine = (name: string): number | null => mine[inResumed.get(name) ?? -1] ?? null;
    const parted = noise.departing(quantity, control, resumed).map(
      (name): Parted => ({
        name,
        mine: [ofMine(name)],
        theirs: [theirs[inControl.get(name) ?? -1] ?? null],
      }),
    );
    if (parted.length === 0) return { parted, among: control.names };
    // What is zero or absent in both steps, such as the update of a frozen parameter, is not counted.
    const among = control.names.filter((name, at) => (theirs[at] ?? 0) !== 0 || (ofMine(name) ?? 0) !== 0);
    return { parted, among };
  };
}

/** A column that the host computes, compared exactly where both steps have a value. */
function column(
  of: (step: StepPair['control']) => readonly (number | null)[],
  isSeen: (step: StepPair['control']) => boolean = () => true,
): Look {
  return ({ control, resumed }) => {
    const [theirs, mine] = [of(control), of(resumed)];
    // Most steps are equal.
    if (sameValues(control.names, resumed.names) && sameValues(mine, theirs)) {
      const seen = theirs.some((value) => value !== null) && isSeen(control);
      return seen ? { parted: [], among: control.names } : undefined;
    }
    const inResumed = indexOf(resumed.names);
    const both = control.names.flatMap((name, at) => {
      const [own, other] = [mine[inResumed.get(name) ?? -1] ?? null, theirs[at] ?? null];
      return own === null || other === null ? [] : [{ name, mine: [own], theirs: [other] }];
    });
    if (both.length === 0 || !(isSeen(control) || isSeen(resumed))) return undefined;
    return {
      parted: both.filter((each) => !Object.is(each.mine[0], each.theirs[0])),
      among: both.map(({ name }) => name),
    };
  };
}

/** Tensors that the steps record. The noise of these is not measured, so they are compared only where runs are exact. */
function observed(kind: Observed['kind']): Look {
  return (pair, noise) => (noise.exact ? observedSight(kind, pair) : undefined);
}
