/** The parameters differ from the saved ones. */
import { type CounterKind, counterKind } from '../../trace/names.ts';
import { type Difference, isReordered } from '../compare.ts';
import { tensorsOf } from '../evidence.ts';
import { figure, insteadOf, listed, ofAll, plural, subjectsOf, whichOf } from '../words.ts';
import { sideThatLost } from './at-fault.ts';
import type { Cause } from './cause.ts';
import { areFresh, areOfStep, type Clues, isInitial, isRounded, lastMove, stepOf } from './clues.ts';
import { stillFrozen } from './frozen.ts';
import { BY_NAME, copiesText, holdersAmong } from './holders.ts';
import { isHeldByNone } from './stale.ts';

const HEADS = ['parameters-not-restored'];

/** Nothing but the parameters can have been restored: no slot, no counter, no generator, no EMA. */
function stateIsFresh(clues: Clues): boolean {
  const { resume, counters, generators } = clues;
  // The slots of an optimizer that updates other variables are not seen.
  if (clues.has('updates-go-astray') || isHeldByNone(clues)) return false;
  const slots = clues.changed('slot');
  const slotsLost =
    slots.of.length === slots.total && slots.of.every(({ resumed }) => (resumed?.l2 ?? 0) === 0);
  const saved = { ...resume.saved?.counters };
  const initial = clues.initial?.counters ?? {};
  // A counter that was saved with its initial value says nothing.
  const counted = Object.keys(saved).filter(
    (name) => typeof saved[name] === 'number' && saved[name] !== initial[name],
  );
  const lost = new Set(counters.map(({ name }) => name));
  const drawn = Object.keys(resume.saved?.random ?? {}).filter(
    (name) => resume.saved!.random[name] !== clues.initial?.random[name],
  );
  return (
    slotsLost &&
    counted.length > 0 &&
    counted.every((name) => lost.has(name)) &&
    areFresh(counters) &&
    (drawn.length === 0 || (generators.length === drawn.length && areFresh(generators)))
  );
}

const ALL_STATE = [
  'slots-not-restored',
  'random-not-restored',
  'ema-not-restored',
  'buffers-not-restored',
  'gradients-not-restored',
  ...[
    'schedule',
    'ema',
    'accumulation',
    'data',
    'optimizer',
    'step',
    'loss-scale',
    'hyperparameter',
    'other',
  ].map((kind) => `counter:${kind}`),
  'equals-cold-start',
  'batches-differ',
  'learning-rate-differs',
  'applied-learning-rate-differs',
  'applied-differs',
  'step-differs',
  'silent-no-op',
  'stalled-parameters',
  'samples-unchanged',
  'slots-do-not-advance',
  'ema-does-not-advance',
  'claim-contradicted',
];

/** How many parameters have their initial values, if all have that had moved. */
function unloaded(clues: Clues): number | undefined {
  const { of } = clues.changed('parameter');
  const initial = tensorsOf(clues.initial, 'parameter');
  const moved = [...tensorsOf(clues.resume.saved, 'parameter').values()].filter(
    ({ name, digest }) => digest !== initial.get(name)?.digest,
  );
  const all = of.length > 0 && of.length >= moved.length && of.every(isInitial(clues, 'parameter'));
  return all ? of.length : undefined;
}

export const WEIGHTS: readonly Cause[] = [
  {
    id: 'nothing-restored',
    means: 'Nothing was restored: parameters and state are those of a run that has just started.',
    heads: HEADS,
    explains: [...HEADS, ...ALL_STATE, 'ties-changed', 'trainable-changed', 'groups-changed'],
    diagnose(clues) {
      const { of } = clues.changed('parameter');
      if (of.length === 0 || !of.every(isInitial(clues, 'parameter')) || !stateIsFresh(clues))
        return undefined;
      return 'nothing was restored: parameters, slots and counters are those of a run that has just started';
    },
  },
  {
    id: 'weights-and-slots-not-loaded',
    means: 'Neither the parameters nor the optimizer slots were loaded, although other state was.',
    heads: HEADS,
    explains: [...HEADS, 'slots-not-restored', 'counter:optimizer'],
    diagnose(clues) {
      const slots = clues.changed('slot');
      const lost = slots.of.every(({ resumed }) => resumed === undefined || resumed.l2 === 0);
      const weights = unloaded(clues);
      if (weights === undefined || slots.total === 0 || slots.of.length < slots.total || !lost)
        return undefined;
      return `neither the parameters nor the optimizer’s slots were loaded, although other state was: all ${weights} trained parameters have their initial values, and all ${slots.total} slots begin anew; the load knew of neither, as before both are registered or wrapped`;
    },
  },
  {
    id: 'weights-alone',
    means: 'Only the parameters were restored, as in a cold start.',
    fix: 'also save and load the optimizer state, the schedule, the data cursor and the random state',
    heads: ['equals-cold-start', 'slots-not-restored', 'counters-not-restored'],
    explains: ALL_STATE,
    diagnose(clues) {
      if (clues.has('parameters-not-restored') || !stateIsFresh(clues)) return undefined;
      const cold = clues.has('equals-cold-start') ? ', and every step equals a cold start’s' : '';
      const { saved } = clues.resume;
      const has = (kind: CounterKind): boolean =>
        Object.keys(saved?.counters ?? {}).some((name) => counterKind(name) === kind);
      const rest = [
        clues.changed('slot').total > 0 && 'slots',
        has('schedule') && 'schedule',
        has('data') && 'data',
        Object.keys(saved?.random ?? {}).length > 0 && 'random state',
      ].filter((one) => one !== false);
      return `only the parameters were restored${cold}; ${rest.length === 0 ? 'counters' : rest.join(', ').replace(/, ([^,]*)$/, ' and $1')} restarted`;
    },
  },
  {
    id: 'older-checkpoint',
    means:
      'An older state was saved or loaded: parameters, counters and generators are from an earlier step.',
    fix: 'save once all of a step is done, and load one whole checkpoint: the newest',
    heads: [...HEADS, 'counters-not-restored', 'random-not-restored'],
    explains: [...HEADS, ...ALL_STATE],
    diagnose(clues) {
      const { resume, past, counters, generators } = clues;
      const { of } = clues.changed('parameter');
      const counted = counters.find(
        ({ kind, saved, resumed }) => kind === 'step' && Number(resumed) < Number(saved),
      )?.resumed;
      // If steps are not counted, or restart by declaration, the recorded states identify the step.
      const state = clues.pastStates.findLast((one) => {
        const then = tensorsOf(one, 'parameter');
        return (
          of.length > 0 &&
          generators.length > 0 &&
          generators.every(({ name, resumed }) => one.random[name] === resumed) &&
          of.every(({ name, resumed }) => then.get(name)?.digest === resumed?.digest)
        );
      });
      const step = counted ?? state?.step;
      const slots = clues.changed('slot');
      const others =
        counters.some(({ kind }) => kind !== 'step') || generators.length > 0 || slots.of.length > 0;
      if (typeof step !== 'number' || step === 0 || !others) return undefined;
      const skipped = past.filter((one) => one.step > step);
      const moved = skipped.some(({ changed }) => changed.includes(true));
      // Parameters stored in a narrower type, by declaration, no longer have the norms of that step.
      const narrower = of.every(({ resumed }) => (resumed?.bits ?? 24) < 24);
      const same = areOfStep(clues, of, step) || state?.step === step || narrower;
      if (moved ? of.length === 0 || !same : of.length > 0) return undefined;
      if (moved && slots.total > 0 && slots.of.length === 0) return undefined;
      return `the parameters, slots and counters are from step ${step}: a state older than step ${resume.from} was saved or loaded`;
    },
  },
  {
    id: 'weights-not-loaded',
    means:
      'All trained parameters have their initial values: they were not loaded, or were initialised again afterwards.',
    heads: HEADS,
    explains: HEADS,
    diagnose(clues) {
      const weights = unloaded(clues);
      return weights === undefined
        ? undefined
        : `all ${weights} trained parameters have their initial values, although other state was restored`;
    },
  },
  {
    id: 'weights-partly-loaded',
    means:
      'Some parameters have their initial values: their names were skipped silently, or they were initialised after the load.',
    heads: HEADS,
    explains: HEADS,
    diagnose(clues) {
      const { of, total } = clues.changed('parameter');
      if (of.length === 0 || !of.every(isInitial(clues, 'parameter'))) return undefined;
      return `${ofAll(of.length, total, 'parameter')} ${plural(of.length, 'has its initial value', 'have their initial values')}, and the others were restored: ${listed(of.map(({ name }) => name))} ${plural(of.length, 'was', 'were')} skipped silently, or initialised after the load`;
    },
  },
  {
    id: 'ema-in-live-weights',
    means: 'Training continues from the EMA instead of the live parameters.',
    fix: 'save the trained parameters beside their averages, and load each into its own place',
    heads: HEADS,
    explains: HEADS,
    diagnose(clues) {
      const { of } = clues.changed('parameter');
      const ema = tensorsOf(clues.resume.saved, 'ema');
      if (
        of.length === 0 ||
        !of.every(({ name, resumed }) => resumed?.digest === ema.get(name)?.digest && ema.has(name))
      )
        return undefined;
      return `${of.length} live ${plural(of.length, 'parameter equals its saved EMA', 'parameters equal their saved EMAs')}: training continues from the EMA`;
    },
  },
  {
    id: 'weights-reordered',
    means:
      'Parameters hold their saved values in another order: transposed, permuted or in another memory layout.',
    heads: HEADS,
    explains: HEADS,
    diagnose(clues) {
      const { of, total } = clues.changed('parameter');
      if (of.length === 0 || !of.every(isReordered)) return undefined;
      const names = listed(of.map(({ name }) => name));
      return `${ofAll(of.length, total, 'parameter')} (${names}) ${plural(of.length, 'holds its', 'hold their')} saved values in another order: transposed, permuted or in another memory layout`;
    },
  },
  {
    id: 'weights-rounded',
    means: 'The parameters were converted to a narrower type than the one they are trained in.',
    heads: HEADS,
    explains: HEADS,
    diagnose(clues) {
      const { of, total } = clues.changed('parameter');
      if (of.length === 0 || !of.every(isRounded)) return undefined;
      const bits = Math.max(...of.map(({ resumed }) => resumed!.bits!));
      const type = bits <= 8 ? 'bfloat16' : bits <= 11 ? 'half precision' : 'a narrower type';
      return `${whichOf(of, total, 'parameter')} ${plural(of.length, 'was', 'were')} restored with ${bits} significant bits instead of ${Math.max(...of.map(({ saved }) => saved!.bits!))}: ${plural(of.length, 'it was', 'they were')} converted to ${type}`;
    },
  },
  {
    id: 'weights-permuted',
    means: 'Parameters were restored under each other’s names.',
    fix: BY_NAME,
    heads: HEADS,
    explains: HEADS,
    diagnose({ changed, resume }) {
      const { of, total } = changed('parameter');
      const held = holdersAmong('parameter', of, resume.saved);
      if (held === undefined || !held.exchanged) return undefined;
      const [first] = held.holders;
      return `${ofAll(of.length, total, 'parameter')} hold each other’s values: '${first!.name}' has those of '${first!.of.name}'; they were matched by position instead of by name`;
    },
  },
  {
    id: 'weights-copied',
    means: 'Parameters hold the saved values of other tensors, which keep their own.',
    fix: BY_NAME,
    heads: HEADS,
    explains: HEADS,
    diagnose({ changed, resume }) {
      const { of, total } = changed('parameter');
      const held = holdersAmong('parameter', of, resume.saved);
      if (held === undefined || held.exchanged) return undefined;
      return `${copiesText(held, 'parameter', total)}`;
    },
  },
  {
    id: 'saved-before-update',
    means: 'The parameters are from before the last update, as if they were saved too early.',
    fix: 'save once all of a step is done, and load one whole checkpoint: the newest',
    heads: HEADS,
    explains: [...HEADS, ...ALL_STATE],
    diagnose(clues) {
      const { of, total } = clues.changed('parameter');
      const [step, last] = [stepOf(clues, of), lastMove(clues, of)];
      const side = sideThatLost(clues, 'parameter');
      if (step === undefined || last === undefined || step !== last - 1 || side === 'load') return undefined;
      const then = clues.past.find((one) => one.step === last)!;
      const moving = new Set(then.names.filter((_, at) => then.changed[at]));
      if (of.length < moving.size) return undefined;
      return `${whichOf(of, total, 'parameter')} ${plural(of.length, 'is', 'are')} from before the update of step ${last}${side === 'save' ? ': the checkpoint was written too early' : ''}`;
    },
  },
  {
    id: 'weights-of-older-step',
    means:
      'The parameters are from an earlier step than the other state: a stale copy was taken, or two checkpoints were mixed.',
    fix: 'save once all of a step is done, and load one whole checkpoint: the newest',
    heads: HEADS,
    explains: HEADS,
    diagnose(clues) {
      const { of, total } = clues.changed('parameter');
      const step = stepOf(clues, of);
      if (step === undefined || step === 0 || of.length < clues.moves.control.size) return undefined;
      return `${whichOf(of, total, 'parameter')} ${plural(of.length, 'is', 'are')} from step ${step}, but other state is from step ${clues.resume.from}: a stale copy was taken, or two checkpoints were mixed`;
    },
  },
  {
    id: 'checkpoint-mixed',
    means:
      'Some parameters are from an earlier step than the others: they were taken during an update, or from two checkpoints.',
    fix: 'save once all of a step is done, and load one whole checkpoint: the newest',
    heads: HEADS,
    explains: HEADS,
    diagnose(clues) {
      const { of, total } = clues.changed('parameter');
      const step = stepOf(clues, of);
      if (step === undefined || of.length === total) return undefined;
      return `${whichOf(of, total, 'parameter')} ${plural(of.length, 'is', 'are')} from step ${step}, but the others are from step ${clues.resume.from}: they were taken during an update, or from two checkpoints`;
    },
  },
];

/** Of the way from the initial values to the saved ones, in which they count as near. */
const NEAR = 1 / 3;

/**
 * How far the restored values are from the saved ones, as a share of the distance of these from the initial ones; undefined
 * if that is far or unknown. A sum with random signs has the square of the L2 norm as the expectation of its own square.
 */
function nearness(clues: Clues, of: readonly Difference[]): number | undefined {
  const initial = tensorsOf(clues.initial, 'parameter');
  let [apart, way] = [0, 0];
  for (const { name, saved, resumed } of of) {
    const start = initial.get(name)?.sketch;
    if (!saved?.sketch || !resumed?.sketch || !start) return undefined;
    for (const [at, sum] of saved.sketch.entries()) {
      apart += (resumed.sketch[at]! - sum) ** 2;
      way += (start[at]! - sum) ** 2;
    }
  }
  const share = Math.sqrt(apart / way);
  return share > 0 && share < NEAR ? share : undefined;
}

/** How parameters got values that the run never had. */
function changedText(clues: Clues, of: readonly Difference[]): string {
  const were = plural(of.length, 'it was', 'they were');
  // What was saved with its initial value would have it again if it were initialised again.
  const isUntrained = of.every(
    ({ name, saved }) =>
      saved !== undefined && tensorsOf(clues.initial, 'parameter').get(name)?.digest === saved.digest,
  );
  return isUntrained
    ? `nothing had trained ${plural(of.length, 'it', 'them')} before, so ${were} merged with others (an adapter), converted or overwritten`
    : `${were} exchanged (for an average, a merged copy), converted or overwritten, or initialised again from other numbers`;
}

export const WEIGHTS_CHANGED: Cause = {
  id: 'weights-changed',
  means:
    'The parameters match neither the saved ones nor those of any other step: they were changed between the save and the first step.',
  fix: 'compare the parameter before the save, in the checkpoint and after the load, and let nothing write to it on the way',
  heads: HEADS,
  explains: HEADS,
  diagnose(clues) {
    const { of, total } = clues.changed('parameter');
    const [first] = of;
    if (first === undefined) return undefined;
    const whose = ofAll(of.length, total, 'parameter');
    const gone = of.filter(({ resumed }) => resumed === undefined).map(({ name }) => name);
    const strange = of.filter(({ saved }) => saved === undefined).map(({ name }) => name);
    if (gone.length + strange.length === of.length) {
      const lost =
        gone.length === 0 ? '' : `${listed(gone)} no longer ${plural(gone.length, 'exists', 'exist')}`;
      const found =
        strange.length === 0 ? '' : `${listed(strange)} ${plural(strange.length, 'was', 'were')} not saved`;
      return `the parameters have different names than the saved ones: ${[lost, found].filter(Boolean).join(', and ')}`;
    }
    const share = nearness(clues, of);
    if (share !== undefined)
      return `${whose} ${plural(of.length, 'is neither the saved one nor that', 'are neither the saved ones nor those')} of any other step ('${first.name}': L2 norm ${insteadOf(first.resumed?.l2, first.saved?.l2)}), but ${plural(of.length, 'lies', 'lie')} near what was saved, at about ${figure(share)} of the distance to the initial values: ${plural(of.length, 'it is an average, or was', 'they are averages, or were')} converted or updated once more`;
    return `${whose} ${plural(of.length, 'matches neither the saved one nor that', 'match neither the saved ones nor those')} of any other step ('${first.name}': L2 norm ${insteadOf(first.resumed?.l2, first.saved?.l2)}): ${changedText(clues, of)}`;
  },
};

export const TRAITS: readonly Cause[] = [
  ...(['tied', 'untied'] as const).map(
    (way): Cause => ({
      id: `weights-${way}`,
      means:
        way === 'tied'
          ? 'Separate parameters now share one tensor.'
          : 'Tied parameters no longer share one tensor.',
      heads: ['ties-changed'],
      explains: [
        'ties-changed',
        'parameters-not-restored',
        'stalled-parameters',
        'gradients-missing',
        'hooks-silent',
        'update-counts-differ',
        'slots-not-restored',
        'slots-do-not-advance',
        'counter:optimizer',
        'updates-go-astray',
        'ema-does-not-advance',
      ],
      diagnose({ resume, finding }) {
        const found = finding('ties-changed');
        if (found === undefined) return undefined;
        const shared = (state: typeof resume.saved): number => {
          const parameters = [...tensorsOf(state, 'parameter').values()];
          return parameters.length - new Set(parameters.map(({ storage }) => storage)).size;
        };
        const [before, now] = [shared(resume.saved), shared(resume.resumed)];
        if (way === 'untied' ? now >= before : now < before) return undefined;
        return way === 'tied'
          ? `${subjectsOf(found)} share one tensor, but each had its own when saved`
          : `${subjectsOf(found)} have separate tensors, but shared one when saved: tied parameters were not tied again after the load`;
      },
    }),
  ),
  ...(['lost', 'extra'] as const).map(
    (way): Cause => ({
      id: `trainable-${way}`,
      means:
        way === 'lost'
          ? 'Parameters are frozen after the resume, though they were trained before, or the control unfreezes them.'
          : 'Frozen parameters are trained after the resume.',
      heads: way === 'lost' ? ['trainable-changed', 'gradients-missing'] : ['trainable-changed'],
      explains: [
        'trainable-changed',
        'gradients-missing',
        'hooks-silent',
        'hook-counts-differ',
        'stalled-parameters',
        'silent-no-op',
        'update-counts-differ',
        'slots-do-not-advance',
        'ema-does-not-advance',
        'frozen-parameters-move',
        'samples-unchanged',
        'claim-contradicted',
        'counter:optimizer',
      ],
      diagnose(clues) {
        const { resume, finding } = clues;
        const found = finding('trainable-changed');
        if (found === undefined) return way === 'lost' ? stillFrozen(clues) : undefined;
        const [before, now] = [tensorsOf(resume.saved, 'parameter'), tensorsOf(resume.resumed, 'parameter')];
        const frozen = [...now.values()].filter(
          ({ name, trainable }) => trainable === false && before.get(name)?.trainable !== false,
        );
        if (frozen.length > 0 !== (way === 'lost')) return undefined;
        return way === 'lost'
          ? `${ofAll(frozen.length, found.total, 'parameter')} ${plural(frozen.length, 'is', 'are')} frozen but ${plural(frozen.length, 'was', 'were')} trained before: ${listed(frozen.map(({ name }) => name))}`
          : `${ofAll(found.subjectCount, found.total, 'parameter')} ${plural(found.subjectCount, 'is', 'are')} trained but ${plural(found.subjectCount, 'was', 'were')} frozen before: ${subjectsOf(found)}`;
      },
    }),
  ),
  {
    id: 'groups-exchanged',
    means: 'Parameters are in the wrong parameter group, with its learning rate and weight decay.',
    heads: ['groups-changed'],
    explains: ['groups-changed', 'applied-learning-rate-differs'],
    diagnose({ finding }) {
      const found = finding('groups-changed');
      if (found === undefined) return undefined;
      return `${ofAll(found.subjectCount, found.total, 'parameter')} ${plural(found.subjectCount, 'is', 'are')} in the wrong parameter group (${insteadOf(found.seen, found.expected.split(': ').at(-1))}), with its learning rate and weight decay`;
    },
  },
];
