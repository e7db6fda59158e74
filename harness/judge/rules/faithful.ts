/** Faithful: the resumed run does what the control does, step by step. */
import type { TensorRecord, TracedStep } from '../../trace/schema.ts';
import { indexOf } from '../columns.ts';
import type { Resume } from '../evidence.ts';
import { type StepPair, stepPairs } from '../evidence.ts';
import type { Comparison } from '../noise/noise.ts';
import {
  type Curve,
  imageReadings,
  type Quantity,
  type Readings,
  stepReadings,
  tensorReadings,
} from '../quantities.ts';
import type { Found, Rule } from '../rule.ts';
import { apart, figure, figuresApart, listed, ofAll } from '../words.ts';

/** A rule on the first step at which something that the host computes differs: always judged exactly. */
function firstStep(
  what: Pick<Rule, 'id' | 'claim' | 'reads' | 'speaks'>,
  differs: (pair: StepPair) => { what: string; expected: string; seen: string } | undefined,
  cause: (pairs: readonly StepPair[]) => string,
  remedy: string,
): Rule {
  return {
    ...what,
    proof: 'faithful',
    judge: ({ resumes }) =>
      resumes.flatMap((resume): Found[] => {
        const pairs = stepPairs(resume);
        for (const pair of pairs) {
          const found = differs(pair);
          if (found === undefined) continue;
          const { what, expected, seen } = found;
          const after = pairs.slice(pairs.indexOf(pair));
          const steps = after.filter((each) => differs(each) !== undefined).length;
          const where =
            steps === after.length
              ? `from step ${pair.resumed.step} on`
              : `in ${steps} of ${pairs.length} steps, first in step ${pair.resumed.step}`;
          return [
            {
              sentence: `After resume ${resume.index}, ${what} ${where}: ${seen} instead of ${expected}.`,
              subjectCount: steps,
              total: pairs.length,
              resume: resume.index,
              step: pair.resumed.step,
              expected,
              seen,
              cause: cause(pairs),
              remedy,
            },
          ];
        }
        return [];
      }),
  };
}

const batchOf = ({ claimed }: TracedStep): string => JSON.stringify(claimed.batch);

export const batchesDiffer = firstStep(
  {
    id: 'batches-differ',
    claim: 'The same examples come in the same order.',
    reads: 'the ids of the examples in each step, as the trainer tells them',
    speaks: 'at the first step',
  },
  ({ control, resumed }) =>
    batchOf(control) === batchOf(resumed)
      ? undefined
      : {
          what: 'the batches are others than the control’s',
          expected: listed(control.claimed.batch) || 'an empty batch',
          seen: listed(resumed.claimed.batch) || 'an empty batch',
        },
  (pairs) => {
    const theirs = pairs.map(({ control }) => batchOf(control));
    const shift = theirs.indexOf(batchOf(pairs[0]!.resumed));
    return shift > 0
      ? `${shift} of the control’s batches are skipped`
      : 'the data cursor was not restored: the loader began anew, was shuffled in another order, or was moved by the restore';
  },
  'save epoch, position and shuffling seed, and restore them after the loader is built',
);

export const rateDiffers = firstStep(
  {
    id: 'rate-differs',
    claim: 'Each group’s logged learning rate is the control’s.',
    reads: 'the learning rates that the trainer logs in each step',
    speaks: 'at the first step',
  },
  ({ control, resumed }) => {
    const [theirs, mine] = [control.claimed.learningRates, resumed.claimed.learningRates];
    const groups = [...new Set([...Object.keys(theirs), ...Object.keys(mine)])];
    const different = groups.filter((group) => !Object.is(theirs[group], mine[group]));
    if (different.length === 0) return undefined;
    const figures = different.map((group) => [group, figuresApart(mine[group], theirs[group])] as const);
    const side = (which: 0 | 1): string =>
      figures.map(([group, both]) => `${group} ${both[which]}`).join(', ');
    return {
      what: `the learning rate of ${ofAll(different.length, groups.length, 'group')} is not the control’s`,
      expected: side(1),
      seen: side(0),
    };
  },
  () => 'the schedule began anew, is shifted, or goes on from another base rate',
  'save and restore each schedule, and build it before the restore',
);

export const appliedRateDiffers = firstStep(
  {
    id: 'applied-rate-differs',
    claim: 'The learning rate inside each update is the control’s.',
    reads: 'the learning rate inside each update',
    speaks: 'at the first update',
  },
  ({ control, resumed }) => {
    const at = resumed.rates.findIndex((rate, index) => {
      const other = control.rates[indexOf(control.names).get(resumed.names[index]!) ?? -1];
      // None where an update is made is another one, too.
      const told = rate !== null || resumed.updates[index]! > 0;
      return told && typeof other === 'number' && !Object.is(rate, other);
    });
    if (at === -1) return undefined;
    const name = resumed.names[at]!;
    const [seen, expected] = figuresApart(
      resumed.rates[at],
      control.rates[indexOf(control.names).get(name)!],
    );
    return {
      what: `the learning rate inside the update of '${name}' is not the control’s`,
      expected,
      seen,
    };
  },
  () => 'the update reads its rate from another place than the restored schedule writes it to',
  'let the update read its rate from the group that the schedule drives',
);

export const appliedDiffers = firstStep(
  {
    id: 'applied-differs',
    claim: 'Updates are applied and skipped at the steps at which the control does so.',
    reads: 'whether the trainer says of each step that it applied an update',
    speaks: 'at the first step',
  },
  ({ control, resumed }) =>
    control.claimed.applied === resumed.claimed.applied
      ? undefined
      : {
          what: 'updates are applied at other steps',
          expected: control.claimed.applied ? 'an update' : 'no update',
          seen: resumed.claimed.applied ? 'an update' : 'no update',
        },
  () => 'the accumulation window has another phase, or a loss scaler skips other steps',
  'save and restore the micro-batch count and the loss scale',
);

export const stepDiffers = firstStep(
  {
    id: 'step-differs',
    claim: 'The trainer’s own step counter is the control’s.',
    reads: 'the trainer’s own count in each step',
    speaks: 'at the first step',
  },
  ({ control, resumed }) =>
    control.claimed.step === resumed.claimed.step
      ? undefined
      : {
          what: 'the trainer counts other steps',
          expected: String(control.claimed.step ?? 'none'),
          seen: String(resumed.claimed.step ?? 'none'),
        },
  () => 'the counter was not restored, counts another unit, or was restored one off',
  'save the counter after the update that it counts, in the unit in which it is read',
);

interface CurveRule extends Pick<Rule, 'id' | 'claim' | 'reads' | 'speaks'> {
  readonly quantity: Curve;
  readonly noun: string;
  readonly cause: string;
}

/** A rule on what is measured in every step: equal to the bit, or within the noise of the controls. */
function curveRule({ quantity, noun, cause, ...what }: CurveRule): Rule {
  return {
    ...what,
    proof: 'faithful',
    judge: ({ resumes, noise }) =>
      resumes.flatMap((resume): Found[] => {
        for (const { control, resumed } of stepPairs(resume)) {
          const names = noise.departing(quantity, control, resumed);
          if (names.length === 0) continue;
          const mine = stepReadings(resumed, quantity);
          const departed = departures(names, (name) =>
            noise.compare(quantity, resumed.step, name, mine.get(name)),
          );
          const [worst] = departed;
          if (worst === undefined) continue;
          const where = worst.name === '' ? '' : ` in '${worst.name}'`;
          return [
            {
              sentence: `After resume ${resume.index}, ${noun} departs from the control’s at step ${resumed.step}${where}: ${apart(worst.seen, worst.expected)}.`,
              subjects: departed.flatMap(({ name }) => (name === '' ? [] : [name])),
              total: quantity === 'loss' ? 0 : control.names.length,
              resume: resume.index,
              step: resumed.step,
              ...sides(worst),
              cause,
              remedy:
                'look for the first finding above: what was not restored, or what is done otherwise after a resume',
            },
          ];
        }
        return [];
      }),
  };
}

interface Departure extends Comparison {
  readonly name: string;
}

/** What lies beyond the noise, the farthest first. */
function departures(names: Iterable<string>, compare: (name: string) => Comparison): Departure[] {
  return [...names]
    .map((name) => ({ name, ...compare(name) }))
    .filter(({ difference, allowed }) => difference > allowed)
    .sort((a, b) => b.difference - a.difference);
}

const sides = ({ expected, seen, difference, allowed }: Comparison): Pick<Found, 'expected' | 'seen'> => ({
  expected: `${expected ?? 'none'}${allowed === 0 ? ', to the bit' : `, within ${figure(allowed)} relative`}`,
  seen: `${seen ?? 'none'}, ${figure(difference)} relative`,
});

export const lossDiffers = curveRule({
  id: 'loss-differs',
  claim: 'Each step’s loss is the control’s.',
  reads: 'the loss of each step',
  speaks: 'at the first step',
  quantity: 'loss',
  noun: 'the loss',
  cause: 'other weights, other data, other noise, or another mode of the model (dropout, statistics)',
});
export const gradientsDiffer = curveRule({
  id: 'gradients-differ',
  claim: 'Each gradient’s norm is the control’s.',
  reads: 'the norm of each parameter’s gradient in each step',
  speaks: 'at the first step',
  quantity: 'gradientL2',
  noun: 'a gradient’s norm',
  cause: 'another loss, another scale of it, clipping, or accumulation with another phase',
});
/** Where the gradient itself is right, and what the update makes of it is not. */
export const appliedGradientsDiffer: Rule = {
  id: 'applied-gradients-differ',
  proof: 'faithful',
  claim: 'What an update uses of a right gradient, clipped and unscaled, is what the control’s uses.',
  reads: 'the norm of each gradient as it came, and as the update used it, in each step',
  speaks: 'at the first update',
  judge: ({ resumes, noise }) =>
    resumes.flatMap((resume): Found[] => {
      for (const { control, resumed } of stepPairs(resume)) {
        const wrong = new Set(noise.departing('gradientL2', control, resumed));
        const names = noise
          .departing('appliedGradientL2', control, resumed)
          .filter((name) => !wrong.has(name));
        if (names.length === 0) continue;
        const mine = stepReadings(resumed, 'appliedGradientL2');
        const departed = departures(names, (name) =>
          noise.compare('appliedGradientL2', resumed.step, name, mine.get(name)),
        ).filter(({ expected, seen }) => typeof expected === 'number' && typeof seen === 'number');
        const [worst] = departed;
        if (worst === undefined) continue;
        return [
          {
            sentence: `After resume ${resume.index}, the gradient that the update of '${worst.name}' uses at step ${resumed.step} is not the control’s, though the gradient is: its norm is ${apart(worst.seen, worst.expected)}.`,
            subjects: departed.map(({ name }) => name),
            total: control.names.length,
            resume: resume.index,
            step: resumed.step,
            ...sides(worst),
            cause: 'gradients are not clipped any more, clipped twice or to another norm, or not unscaled',
            remedy: 'clip and unscale after a resume as before it, in the hooks too',
          },
        ];
      }
      return [];
    }),
};
export const updatesDiffer = curveRule({
  id: 'updates-differ',
  claim: 'Each update’s norm is the control’s.',
  reads: 'the norm of what each step changes of each parameter',
  speaks: 'at the first update',
  quantity: 'updateL2',
  noun: 'an update’s norm',
  cause:
    'optimizer slots, step counts, learning rates or weight decay differ, or the update runs twice or not at all',
});
export const parametersDiffer = curveRule({
  id: 'parameters-differ',
  claim: 'Each parameter’s norm is the control’s.',
  reads: 'the norm of each parameter after each step',
  speaks: 'at the first step',
  quantity: 'l2',
  noun: 'a parameter’s norm',
  cause: 'the updates before it differ',
});

interface Last {
  readonly mine: Readings;
  readonly theirs: Readings;
}

/** A rule on what a stretch ends with: the same bytes, or the same within the noise of the controls. */
function lastRule(
  id: string,
  quantity: Exclude<Quantity, Curve>,
  noun: string,
  cause: string,
  lastOf: (resume: Resume) => Last | undefined,
): Rule {
  return {
    id,
    proof: 'faithful',
    claim: `At the end, every ${noun} is the control’s: to the bit, or within the noise of several controls.`,
    reads: `the ${noun}s at the end of the stretch, in both runs`,
    speaks: 'at the end of the stretch',
    judge: ({ resumes, noise }) =>
      resumes.flatMap((resume): Found[] => {
        const last = lastOf(resume);
        if (last === undefined) return [];
        const { mine, theirs } = last;
        const different = departures(new Set([...theirs.keys(), ...mine.keys()]), (name) => {
          const compared = noise.compare(quantity, resume.to, name, mine.get(name));
          const same = theirs.get(name)?.sha256 === mine.get(name)?.sha256;
          // Exactly is by the bytes: other values may have the same norm and sketch.
          return compared.allowed === 0 && !same && compared.difference === 0
            ? { ...compared, difference: Number.POSITIVE_INFINITY }
            : compared;
        });
        const [first] = different;
        if (first === undefined) return [];
        const total = new Set([...mine.keys(), ...theirs.keys()]).size;
        return [
          {
            sentence: `At step ${resume.to}, ${ofAll(different.length, total, noun)} ${different.length === 1 ? 'differs' : 'differ'} from the control’s.`,
            subjects: different.map(({ name }) => name),
            total,
            resume: resume.index,
            step: resume.to,
            ...lastSides(first, mine, theirs),
            cause,
            remedy: 'look for the first step that differs, and what was not restored before it',
          },
        ];
      }),
  };
}

function lastSides(
  { name, allowed, difference }: Departure,
  mine: Readings,
  theirs: Readings,
): Pick<Found, 'expected' | 'seen'> {
  const norm = (readings: Readings): string => {
    const [l2] = readings.get(name)?.values ?? [];
    return readings.has(name) ? `L2 norm ${figure(l2)}` : 'none';
  };
  const bytes = norm(mine) === norm(theirs) ? ', with other bytes' : '';
  return {
    expected: `'${name}': ${norm(theirs)}${allowed === 0 ? ', to the bit' : `; norm and sketch within ${figure(allowed)} relative`}`,
    seen: `${norm(mine)}${allowed === 0 ? bytes : `; ${figure(difference)} relative`}`,
  };
}

const lastTensors = (id: string, kind: Exclude<TensorRecord['kind'], 'gradient'>, noun: string): Rule =>
  lastRule(id, kind, noun, 'the run took another path after the resume', ({ last, controlLast }) =>
    last === undefined || controlLast === undefined
      ? undefined
      : { mine: tensorReadings(last, kind), theirs: tensorReadings(controlLast, kind) },
  );

export const finalParametersDiffer = lastTensors('final-parameters-differ', 'parameter', 'parameter');
export const finalSlotsDiffer = lastTensors('final-slots-differ', 'slot', 'optimizer slot');
export const finalAveragesDiffer = lastTensors('final-averages-differ', 'average', 'weight average');
export const finalBuffersDiffer = lastTensors('final-buffers-differ', 'buffer', 'buffer');

export const imagesDifferFromControl = lastRule(
  'images-differ-from-control',
  'image',
  'sampled image',
  'the weights, or their average, differ from the control’s',
  ({ last, controlLast, images }) =>
    // A control that did not come to its end has a finding of its own.
    last === undefined || controlLast === undefined
      ? undefined
      : { mine: imageReadings(images.last), theirs: imageReadings(images.controlLast) },
);

/**
 * Faithful within the noise says nothing where a run that trains nothing at all would lie within it: where no
 * update's interval leaves out 0, or the controls contradict each other.
 */
export const noiseTooLarge: Rule = {
  id: 'noise-too-large',
  proof: 'faithful',
  claim: 'The controls lie so close together that the updates of a run stand out from their noise.',
  reads: 'the norms of the updates in all controls, in the whole stretch',
  speaks: 'at the end of the stretch',
  judge: ({ resumes, noise }) =>
    resumes.flatMap((resume): Found[] => {
      if (noise.exact) return [];
      const widthsAt = (step: TracedStep): Comparison[] =>
        [...stepReadings(step, 'updateL2')]
          .map(([name, reading]) => noise.compare('updateL2', step.step, name, reading))
          // What does not move in the controls has no noise, and tells nothing of theirs.
          .filter(({ allowed, expected }) => allowed > 0 && expected !== 0);
      // One is enough, and most often the first has it.
      if (resume.controlSteps.some((step) => widthsAt(step).some(({ allowed }) => allowed < 1))) return [];
      const widths = resume.controlSteps.flatMap(widthsAt);
      if (widths.length === 0) return [];
      const closest = widths.reduce(
        (least, { allowed }) => Math.min(least, allowed),
        Number.POSITIVE_INFINITY,
      );
      return [
        {
          sentence: `After resume ${resume.index}, the noise is too large to tell a run that trains from one that does not: ${noise.record.controls} equal controls lie that far apart.`,
          refutes: false,
          resume: resume.index,
          step: resume.to,
          subjectCount: widths.length,
          total: widths.length,
          expected: 'at least one update whose norm is known better than to 100 %',
          seen: `the closest is known to ${figure(100 * closest)} %`,
          cause:
            'the program is not seeded, training is chaotic over so many steps, or the backend is this noisy',
          remedy: 'seed every random generator; resume after fewer steps, or use a deterministic backend',
        },
      ];
    }),
};

export const FAITHFUL_RULES: readonly Rule[] = [
  batchesDiffer,
  rateDiffers,
  appliedRateDiffers,
  appliedDiffers,
  stepDiffers,
  appliedGradientsDiffer,
  lossDiffers,
  gradientsDiffer,
  updatesDiffer,
  parametersDiffer,
  finalParametersDiffer,
  finalSlotsDiffer,
  finalAveragesDiffer,
  finalBuffersDiffer,
  imagesDifferFromControl,
  noiseTooLarge,
];
