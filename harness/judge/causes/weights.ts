/** The weights are not those that were saved. */
import { tensorsOf } from '../evidence.ts';
import { insteadOf, listed, ofAll, plural, subjectsOf } from '../words.ts';
import type { Cause } from './cause.ts';
import { areFresh, areOfStep, type Clues, isInitial, isRounded, lastMove, stepOf } from './clues.ts';

const HEADS = ['parameters-not-restored'];

/** Nothing but the weights can have come back: no slot, no counter, no generator, no EMA. */
function stateIsFresh(clues: Clues): boolean {
  const { resume, counters, generators } = clues;
  const slots = clues.changed('slot');
  const slotsLost =
    slots.of.length === slots.total && slots.of.every(({ resumed }) => (resumed?.l2 ?? 0) === 0);
  const saved = { ...resume.saved?.counters };
  const initial = clues.initial?.counters ?? {};
  // A learning rate may be the same by chance; what counts is not.
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
  'images-unchanged',
  'slots-do-not-advance',
  'ema-does-not-advance',
  'claim-contradicted',
];

export const WEIGHTS: readonly Cause[] = [
  {
    id: 'nothing-restored',
    means: 'Nothing came back: weights and state are those of a run that just began.',
    heads: HEADS,
    explains: [...HEADS, ...ALL_STATE, 'ties-changed', 'trainable-changed', 'groups-changed'],
    diagnose(clues) {
      const { of } = clues.changed('parameter');
      if (of.length === 0 || !of.every(isInitial(clues, 'parameter')) || !stateIsFresh(clues))
        return undefined;
      return 'nothing was restored: weights, slots and counters are those of a run that just began';
    },
  },
  {
    id: 'weights-alone',
    means: 'The weights came back and nothing else did, as in a cold start.',
    heads: ['equals-cold-start', 'slots-not-restored', 'counters-not-restored'],
    explains: ALL_STATE,
    diagnose(clues) {
      if (clues.has('parameters-not-restored') || !stateIsFresh(clues)) return undefined;
      const cold = clues.has('equals-cold-start') ? ': every step equals a cold start’s' : '';
      return `the weights were restored and nothing else${cold}; slots, schedule, data and random state began anew`;
    },
  },
  {
    id: 'older-checkpoint',
    means:
      'An older state was saved or loaded: weights, counters and generators are those of an earlier step.',
    heads: [...HEADS, 'counters-not-restored', 'random-not-restored'],
    explains: [...HEADS, ...ALL_STATE],
    diagnose(clues) {
      const { resume, past, counters, generators } = clues;
      const { of } = clues.changed('parameter');
      const counted = counters.find(
        ({ kind, saved, resumed }) => kind === 'step' && Number(resumed) < Number(saved),
      )?.resumed;
      // Where steps are not counted, or begin anew by declaration, a state tells that the run was in.
      const state = clues.pastStates.findLast((one) => {
        const then = tensorsOf(one, 'parameter');
        return (
          of.length > 0 &&
          generators.length > 0 &&
          generators.every(({ name, resumed }) => one.random[name] === resumed) &&
          of.every(({ name, resumed }) => then.get(name)?.sha256 === resumed?.sha256)
        );
      });
      const step = counted ?? state?.step;
      const others = counters.some(({ kind }) => kind !== 'step') || generators.length > 0;
      if (typeof step !== 'number' || step === 0 || !others) return undefined;
      const skipped = past.filter((one) => one.step > step);
      const moved = skipped.some(({ changed }) => changed.includes(true));
      const slots = clues.changed('slot');
      // Stored narrower, by declaration, they have other norms than they had then.
      const narrower = of.every(({ resumed }) => (resumed?.bits ?? 24) < 24);
      const same = areOfStep(clues, of, step) || state?.step === step || narrower;
      if (moved ? of.length === 0 || !same : of.length > 0) return undefined;
      if (moved && slots.total > 0 && slots.of.length === 0) return undefined;
      return `the parameters, slots and counters are those of step ${step}: an older state was saved or loaded than that of step ${resume.from}`;
    },
  },
  {
    id: 'weights-not-loaded',
    means:
      'All weights that were trained are as initialised: not loaded, or initialised again after the load.',
    heads: HEADS,
    explains: HEADS,
    diagnose(clues) {
      const { of } = clues.changed('parameter');
      const trained = [...tensorsOf(clues.resume.saved, 'parameter').values()].filter(
        ({ name, sha256 }) => sha256 !== tensorsOf(clues.initial, 'parameter').get(name)?.sha256,
      );
      if (of.length === 0 || of.length < trained.length || !of.every(isInitial(clues, 'parameter')))
        return undefined;
      return `all ${of.length} parameters that had been trained are as initialised, though other state came back: they were not loaded, or initialised again after the load`;
    },
  },
  {
    id: 'weights-partly-loaded',
    means: 'Some weights are as initialised: their names were skipped in silence.',
    heads: HEADS,
    explains: HEADS,
    diagnose(clues) {
      const { of, total } = clues.changed('parameter');
      if (of.length === 0 || !of.every(isInitial(clues, 'parameter'))) return undefined;
      return `${ofAll(of.length, total, 'parameter')} ${plural(of.length, 'is', 'are')} as initialised, the others came back: the load skipped ${listed(of.map(({ name }) => name))} in silence`;
    },
  },
  {
    id: 'ema-in-live-weights',
    means: 'Training goes on from the EMA of the weights (EMA).',
    heads: HEADS,
    explains: HEADS,
    diagnose(clues) {
      const { of } = clues.changed('parameter');
      const ema = tensorsOf(clues.resume.saved, 'ema');
      if (
        of.length === 0 ||
        !of.every(({ name, resumed }) => resumed?.sha256 === ema.get(name)?.sha256 && ema.has(name))
      )
        return undefined;
      return `${of.length} live parameters are the saved EMAs (EMA): training goes on from the EMA`;
    },
  },
  {
    id: 'weights-rounded',
    means: 'The weights were stored in a narrower type than they are trained in.',
    heads: HEADS,
    explains: HEADS,
    diagnose(clues) {
      const { of, total } = clues.changed('parameter');
      if (of.length === 0 || !of.every(isRounded)) return undefined;
      const bits = Math.max(...of.map(({ resumed }) => resumed!.bits!));
      const type = bits <= 8 ? 'bfloat16' : bits <= 11 ? 'half precision' : 'a narrower type';
      return `${ofAll(of.length, total, 'parameter')} came back with ${bits} significant bits instead of ${Math.max(...of.map(({ saved }) => saved!.bits!))}: stored in ${type}, resumed as if exact`;
    },
  },
  {
    id: 'weights-permuted',
    means: 'Weights came back under each other’s name.',
    heads: HEADS,
    explains: HEADS,
    diagnose(clues) {
      const { of, total } = clues.changed('parameter');
      const owner = new Map(
        [...tensorsOf(clues.resume.saved, 'parameter').values()].map(({ sha256, name }) => [sha256, name]),
      );
      if (
        of.length < 2 ||
        // Zeros are nobody's.
        !of.every(
          ({ name, resumed }) => resumed && resumed.l2 > 0 && (owner.get(resumed.sha256) ?? name) !== name,
        )
      )
        return undefined;
      const [first] = of;
      return `${ofAll(of.length, total, 'parameter')} hold each other’s values: '${first!.name}' those of '${owner.get(first!.resumed!.sha256)}'; they were mapped back by position, not by name`;
    },
  },
  {
    id: 'saved-before-update',
    means: 'The weights were saved before the update of that step.',
    heads: HEADS,
    explains: [...HEADS, ...ALL_STATE],
    diagnose(clues) {
      const { of, total } = clues.changed('parameter');
      const [step, last] = [stepOf(clues, of), lastMove(clues, of)];
      if (step === undefined || last === undefined || step !== last - 1) return undefined;
      const then = clues.past.find((one) => one.step === last)!;
      const moving = new Set(then.names.filter((_, at) => then.changed[at]));
      if (of.length < moving.size) return undefined;
      return `${ofAll(of.length, total, 'parameter')} ${plural(of.length, 'is', 'are')} as before the update of step ${last}: the checkpoint was written too early`;
    },
  },
  {
    id: 'weights-of-older-step',
    means:
      'The weights are those of an earlier step, other state is not: a stale copy was saved, or two checkpoints were mixed.',
    heads: HEADS,
    explains: HEADS,
    diagnose(clues) {
      const { of, total } = clues.changed('parameter');
      const step = stepOf(clues, of);
      if (step === undefined || step === 0 || of.length < clues.moves.control.size) return undefined;
      return `${ofAll(of.length, total, 'parameter')} are those of step ${step}, while other state is of step ${clues.resume.from}: a copy made then was saved, or two checkpoints were mixed`;
    },
  },
  {
    id: 'checkpoint-mixed',
    means:
      'Some weights are of an earlier step than the others: saved during an update, or from two checkpoints.',
    heads: HEADS,
    explains: HEADS,
    diagnose(clues) {
      const { of, total } = clues.changed('parameter');
      const step = stepOf(clues, of);
      if (step === undefined || of.length === total) return undefined;
      return `${ofAll(of.length, total, 'parameter')} are those of step ${step}, the others of step ${clues.resume.from}: the checkpoint is torn, or mixed of two`;
    },
  },
];

export const WEIGHTS_CHANGED: Cause = {
  id: 'weights-changed',
  means: 'The weights are neither what was saved nor what the run held after another step.',
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
      const lost = gone.length === 0 ? '' : `nothing has the name of ${listed(gone)} any more`;
      const found =
        strange.length === 0 ? '' : `${listed(strange)} ${plural(strange.length, 'was', 'were')} not saved`;
      return `the parameters have other names than those saved: ${[lost, found].filter(Boolean).join(', and ')}`;
    }
    return `${whose} ${plural(of.length, 'is', 'are')} not what was saved, nor what the run held after any other step ('${first.name}': L2 norm ${insteadOf(first.resumed?.l2, first.saved?.l2)}): initialised again, converted, or written to after the load`;
  },
};

export const TRAITS: readonly Cause[] = [
  ...(['tied', 'untied'] as const).map(
    (way): Cause => ({
      id: `weights-${way}`,
      means: way === 'tied' ? 'One tensor where two had their own.' : 'Two tensors where one was shared.',
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
          ? `${subjectsOf(found)} share one tensor, where each had its own`
          : `${subjectsOf(found)} are tensors of their own, where they shared one: tied weights were not tied again after the load`;
      },
    }),
  ),
  ...(['lost', 'extra'] as const).map(
    (way): Cause => ({
      id: `trainable-${way}`,
      means:
        way === 'lost'
          ? 'Parameters that were trained came back frozen.'
          : 'Parameters that were frozen are trained.',
      heads: ['trainable-changed'],
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
        'images-unchanged',
        'claim-contradicted',
        'counter:optimizer',
      ],
      diagnose({ resume, finding }) {
        const found = finding('trainable-changed');
        if (found === undefined) return undefined;
        const [before, now] = [tensorsOf(resume.saved, 'parameter'), tensorsOf(resume.resumed, 'parameter')];
        const frozen = [...now.values()].filter(
          ({ name, trainable }) => trainable === false && before.get(name)?.trainable !== false,
        );
        if (frozen.length > 0 !== (way === 'lost')) return undefined;
        return way === 'lost'
          ? `${ofAll(frozen.length, found.total, 'parameter')} came back frozen: ${listed(frozen.map(({ name }) => name))}`
          : `${ofAll(found.subjectCount, found.total, 'parameter')} that ${plural(found.subjectCount, 'was', 'were')} frozen ${plural(found.subjectCount, 'is', 'are')} trained: ${subjectsOf(found)}`;
      },
    }),
  ),
  {
    id: 'groups-exchanged',
    means: 'Parameters are in other parameter groups, with other learning rates and weight decay.',
    heads: ['groups-changed'],
    explains: ['groups-changed', 'applied-learning-rate-differs'],
    diagnose({ finding }) {
      const found = finding('groups-changed');
      if (found === undefined) return undefined;
      return `${ofAll(found.subjectCount, found.total, 'parameter')} ${plural(found.subjectCount, 'is', 'are')} in another parameter group (${insteadOf(found.seen, found.expected.split(': ').at(-1))}): learning rate and weight decay are another’s`;
    },
  },
];
