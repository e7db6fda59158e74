/** Faithful: the resumed run does what the control does, step by step. */
import type { TensorRecord, TracedStep } from '../../trace/schema.ts';
import { indexOf, type StepPair, stepPairs } from '../columns.ts';
import { type Evidence, type Resume, tensorsOf } from '../evidence.ts';
import { type Quantity, relativeDifference } from '../noise.ts';
import { type Found, figure, listed, ofAll, type Rule } from '../rule.ts';

/** A rule on the first step at which something that the host computes differs: always judged exactly. */
function firstStep(
  id: string,
  claim: string,
  differs: (pair: StepPair) => { what: string; expected: string; seen: string } | undefined,
  cause: (pairs: readonly StepPair[]) => string,
  remedy: string,
): Rule {
  return {
    id,
    proof: 'faithful',
    claim,
    judge: ({ resumes }) =>
      resumes.flatMap((resume): Found[] => {
        const pairs = stepPairs(resume);
        for (const pair of pairs) {
          const found = differs(pair);
          if (found === undefined) continue;
          const { what, expected, seen } = found;
          const steps = pairs.filter((each) => differs(each) !== undefined).length;
          return [
            {
              sentence: `After resume ${resume.index}, ${what} from step ${pair.resumed.step} on: ${seen} instead of ${expected}.`,
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
  'batches-differ',
  'The same examples come in the same order.',
  ({ control, resumed }) =>
    batchOf(control) === batchOf(resumed)
      ? undefined
      : {
          what: 'the batches are others than the control’s',
          expected: listed(control.claimed.batch),
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

const rates = (record: Readonly<Record<string, number>>): string =>
  Object.entries(record)
    .map(([group, rate]) => `${group} ${figure(rate)}`)
    .join(', ');

export const rateDiffers = firstStep(
  'rate-differs',
  'Each group’s logged learning rate is the control’s.',
  ({ control, resumed }) => {
    const [theirs, mine] = [control.claimed.learningRates, resumed.claimed.learningRates];
    const groups = [...new Set([...Object.keys(theirs), ...Object.keys(mine)])];
    const different = groups.filter((group) => !Object.is(theirs[group], mine[group]));
    if (different.length === 0) return undefined;
    const only = (record: Readonly<Record<string, number>>) =>
      rates(Object.fromEntries(different.map((group) => [group, record[group] ?? Number.NaN])));
    return {
      what: `the learning rate of ${ofAll(different.length, groups.length, 'group')} is not the control’s`,
      expected: only(theirs),
      seen: only(mine),
    };
  },
  () => 'the schedule began anew, is shifted, or goes on from another base rate',
  'save and restore each schedule, and build it before the restore',
);

export const appliedRateDiffers = firstStep(
  'applied-rate-differs',
  'The learning rate inside each update is the control’s.',
  ({ control, resumed }) => {
    const at = resumed.rates.findIndex((rate, index) => {
      const other = control.rates[indexOf(control.names).get(resumed.names[index]!) ?? -1];
      return rate !== null && typeof other === 'number' && rate !== other;
    });
    if (at === -1) return undefined;
    const name = resumed.names[at]!;
    return {
      what: `the learning rate inside the update of '${name}' is not the control’s`,
      expected: figure(control.rates[indexOf(control.names).get(name)!]),
      seen: figure(resumed.rates[at]),
    };
  },
  () => 'the update reads its rate from another place than the restored schedule writes it to',
  'let the update read its rate from the group that the schedule drives',
);

export const appliedDiffers = firstStep(
  'applied-differs',
  'Updates are applied and skipped at the steps at which the control does so.',
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
  'step-differs',
  'The trainer’s own step counter is the control’s.',
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

interface Curve {
  readonly id: string;
  readonly claim: string;
  readonly quantity: Quantity;
  readonly noun: string;
  readonly cause: string;
}

/** A rule on a measured quantity: equal to the bit, or within the noise of two controls. */
function curveRule({ id, claim, quantity, noun, cause }: Curve): Rule {
  return {
    id,
    proof: 'faithful',
    claim,
    judge: ({ resumes, noise }) =>
      resumes.flatMap((resume): Found[] => {
        for (const { control, resumed } of stepPairs(resume)) {
          const allowed = noise.allowed(quantity, resumed.step);
          const found =
            quantity === 'loss'
              ? lossDifference(control, resumed)
              : columnDifference(control, resumed, quantity, allowed);
          if (found === undefined || found.difference <= allowed) continue;
          return [
            {
              sentence: `After resume ${resume.index}, ${noun} departs from the control’s at step ${resumed.step}${found.where}: ${figure(found.seen)} instead of ${figure(found.expected)}.`,
              subjects: [...found.names],
              total: quantity === 'loss' ? 0 : control.names.length,
              resume: resume.index,
              step: resumed.step,
              expected: `${found.expected ?? 'none'}${allowed === 0 ? ', to the bit' : `, within ${figure(allowed)} relative`}`,
              seen: `${found.seen ?? 'none'}, ${figure(found.difference)} relative`,
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

interface Departure {
  readonly expected: number | null | undefined;
  readonly seen: number | null | undefined;
  readonly difference: number;
  readonly where: string;
  readonly names: readonly string[];
}

function lossDifference(control: TracedStep, resumed: TracedStep): Departure {
  const [expected, seen] = [control.claimed.loss, resumed.claimed.loss];
  return { expected, seen, difference: relativeDifference(expected, seen), where: '', names: [] };
}

/** The parameter that departs farthest, and the names of all beyond what is allowed. */
function columnDifference(
  control: TracedStep,
  resumed: TracedStep,
  quantity: Exclude<Quantity, 'loss'>,
  allowed: number,
): Departure | undefined {
  const places = indexOf(resumed.names);
  const names: string[] = [];
  let farthest: Departure | undefined;
  for (const [at, name] of control.names.entries()) {
    const [expected, seen] = [control[quantity][at], resumed[quantity][places.get(name) ?? -1]];
    const difference =
      typeof expected === 'number' && typeof seen === 'number'
        ? relativeDifference(expected, seen)
        : (expected ?? null) === (seen ?? null)
          ? 0
          : Number.POSITIVE_INFINITY;
    if (difference <= allowed) continue;
    names.push(name);
    if (farthest === undefined || difference > farthest.difference) {
      farthest = { expected, seen, difference, where: ` in '${name}'`, names };
    }
  }
  return farthest;
}

export const lossDiffers = curveRule({
  id: 'loss-differs',
  claim: 'Each step’s loss is the control’s.',
  quantity: 'loss',
  noun: 'the loss',
  cause: 'other weights, other data, other noise, or another mode of the model (dropout, statistics)',
});
export const gradientsDiffer = curveRule({
  id: 'gradients-differ',
  claim: 'Each gradient’s norm is the control’s.',
  quantity: 'gradientL2',
  noun: 'a gradient’s norm',
  cause: 'another loss, another scale of it, clipping, or accumulation with another phase',
});
export const updatesDiffer = curveRule({
  id: 'updates-differ',
  claim: 'Each update’s norm is the control’s.',
  quantity: 'updateL2',
  noun: 'an update’s norm',
  cause:
    'optimizer slots, step counts, learning rates or weight decay differ, or the update runs twice or not at all',
});
export const parametersDiffer = curveRule({
  id: 'parameters-differ',
  claim: 'Each parameter’s norm is the control’s.',
  quantity: 'l2',
  noun: 'a parameter’s norm',
  cause: 'the updates before it differ',
});

/** At the end of the stretch every tensor's bytes; where the backend is noisy the curves above judge alone. */
const digestRule = (id: string, kind: TensorRecord['kind'], noun: string): Rule => ({
  id,
  proof: 'faithful',
  claim: `At the end, every ${noun} equals the control’s to the bit, where the backend is deterministic.`,
  judge: (evidence) =>
    evidence.noise.exact ? evidence.resumes.flatMap((resume) => differing(resume, kind, noun)) : [],
});

function differing(resume: Resume, kind: TensorRecord['kind'], noun: string): Found[] {
  if (resume.last === undefined || resume.controlLast === undefined) return [];
  const [mine, theirs] = [tensorsOf(resume.last, kind), tensorsOf(resume.controlLast, kind)];
  const names = [...new Set([...theirs.keys(), ...mine.keys()])];
  const different = names.filter((name) => mine.get(name)?.sha256 !== theirs.get(name)?.sha256);
  const [first] = different;
  if (first === undefined) return [];
  return [
    {
      sentence: `At step ${resume.to}, ${ofAll(different.length, names.length, noun)} ${different.length === 1 ? 'differs' : 'differ'} from the control’s.`,
      subjects: different,
      total: names.length,
      resume: resume.index,
      step: resume.to,
      expected: `'${first}': L2 norm ${figure(theirs.get(first)?.l2)}`,
      seen: `L2 norm ${figure(mine.get(first)?.l2)}${mine.get(first)?.l2 === theirs.get(first)?.l2 ? ', with other bytes' : ''}`,
      cause: 'the run took another path after the resume',
      remedy: 'look for the first step that differs, and what was not restored before it',
    },
  ];
}

export const finalParametersDiffer = digestRule('final-parameters-differ', 'parameter', 'parameter');
export const finalSlotsDiffer = digestRule('final-slots-differ', 'slot', 'optimizer slot');
export const finalAveragesDiffer = digestRule('final-averages-differ', 'average', 'weight average');
export const finalBuffersDiffer = digestRule('final-buffers-differ', 'buffer', 'buffer');

export const imagesDifferFromControl: Rule = {
  id: 'images-differ-from-control',
  proof: 'faithful',
  claim: 'At the end, every sampled image is the control’s, where two controls sample the same.',
  judge: (evidence) => (samplesAreExact(evidence) ? evidence.resumes.flatMap(differingImages) : []),
};

/** Where a second control samples other pixels, equality of pixels is not to be had. */
function samplesAreExact({ control, twin, noise }: Evidence): boolean {
  if (noise.exact || twin === undefined) return noise.exact;
  return (control?.samples ?? []).every(({ name, at, step, sha256 }) =>
    twin.samples.some(
      (one) => one.name === name && one.at === at && one.step === step && one.sha256 === sha256,
    ),
  );
}

function differingImages(resume: Resume): Found[] {
  const { last, controlLast } = resume.images;
  const mine = new Map(last.map(({ name, sha256 }) => [name, sha256]));
  const different = controlLast.filter(({ name, sha256 }) => mine.get(name) !== sha256);
  const [first] = different;
  if (first === undefined || resume.last === undefined) return [];
  return [
    {
      sentence: `At step ${resume.to}, ${ofAll(different.length, controlLast.length, 'sampled image')} ${different.length === 1 ? 'differs' : 'differ'} from the control’s.`,
      subjects: different.map(({ name }) => name),
      total: controlLast.length,
      resume: resume.index,
      step: resume.to,
      expected: `pixels ${first.sha256.slice(0, 12)}…`,
      seen: mine.has(first.name) ? `pixels ${mine.get(first.name)!.slice(0, 12)}…` : 'not sampled',
      cause: 'the weights, or their average, differ from the control’s',
      remedy: 'look for the first step that differs, and what was not restored before it',
    },
  ];
}

export const FAITHFUL_RULES: readonly Rule[] = [
  batchesDiffer,
  rateDiffers,
  appliedRateDiffers,
  appliedDiffers,
  stepDiffers,
  lossDiffers,
  gradientsDiffer,
  updatesDiffer,
  parametersDiffer,
  finalParametersDiffer,
  finalSlotsDiffer,
  finalAveragesDiffer,
  finalBuffersDiffer,
  imagesDifferFromControl,
];
