/** Random generators that do not continue from their saved state. */
import { listed, ofAll, plural, subjectsOf } from '../words.ts';
import type { Cause } from './cause.ts';
import { areFresh, type Clues, drawsNothing } from './clues.ts';
import { pauseAtFirst, restartsLater } from './draws.ts';

const BASE = { heads: ['random-not-restored'], explains: ['random-not-restored'] };

/** The generators that were not restored, followed by a verb: in the singular, and in the plural. */
const generatorsThat = ({ generators, resume }: Clues, one: string, several: string): string => {
  const total = Object.keys(resume.saved?.random ?? {}).length;
  return `${ofAll(generators.length, total, 'random generator')} (${listed(generators.map(({ name }) => name))}) ${plural(generators.length, one, several)}`;
};

export const RANDOM: readonly Cause[] = [
  {
    id: 'random-reseeded',
    means: 'Generators were reseeded.',
    ...BASE,
    diagnose(clues) {
      if (!areFresh(clues.generators) || clues.generators.some(({ resumed }) => resumed === undefined))
        return undefined;
      return `${generatorsThat(clues, 'was', 'were')} reseeded, so the first numbers of the run are drawn again`;
    },
  },
  {
    id: 'random-exchanged',
    means: 'Generators have the saved state of other generators.',
    fix: 'write and read the state of each generator under its own name',
    ...BASE,
    diagnose(clues) {
      const saved = Object.entries(clues.resume.saved?.random ?? {});
      const others = clues.generators.map(
        ({ name, resumed }) => saved.find(([other, state]) => other !== name && state === resumed)?.[0],
      );
      if (others.length === 0 || others.some((other) => other === undefined)) return undefined;
      const keeps = clues.generators.some(({ name }) => name === others[0]) ? '' : ', which keeps its own';
      return `${generatorsThat(clues, 'has', 'have')} the state of another generator: '${clues.generators[0]!.name}' has the state of '${others[0]}'${keeps}`;
    },
  },
  {
    id: 'random-rewound',
    means: 'Generators are in a state from an earlier step.',
    fix: 'save the state of each generator with all other state, once the step is done',
    ...BASE,
    diagnose(clues) {
      const { resume, past, pastStates } = clues;
      const earlier = [...pastStates, ...past.filter(({ step }) => step < resume.from)];
      const state = earlier
        .toSorted((one, other) => one.step - other.step)
        .findLast(({ random }) => clues.generators.every(({ name, resumed }) => random?.[name] === resumed));
      if (clues.generators.length === 0 || state === undefined) return undefined;
      return `${generatorsThat(clues, 'continues', 'continue')} from step ${state.step} instead of step ${clues.resume.from}, so numbers are drawn again`;
    },
  },
  {
    id: 'random-changed',
    means:
      'Generators are in a state that is recorded nowhere else: numbers were drawn during the restore, the seed differs, or it is the state of another step.',
    ...BASE,
    diagnose(clues) {
      if (clues.generators.length === 0) return undefined;
      return `${generatorsThat(clues, 'is', 'are')} in a state that is recorded nowhere else: numbers were drawn after the restore, the seed differs, or it is the state of another step`;
    },
  },
  {
    id: 'random-restarted-later',
    means: 'Generators were restored, and reseeded or put back in a later step.',
    heads: ['final-random-differs', 'random-does-not-advance', 'loss-differs'],
    explains: ['final-random-differs', 'random-does-not-advance', 'loss-differs'],
    diagnose: restartsLater,
  },
  {
    id: 'random-drawn-differently',
    means:
      'Generators were restored, but more, fewer or other numbers are drawn from them than in the control.',
    fix: 'let only training draw from its generators, as often as before the resume',
    heads: ['random-does-not-advance', 'final-random-differs'],
    explains: ['final-random-differs', 'random-does-not-advance', 'loss-differs'],
    diagnose(clues) {
      const { finding, has, generators, pairs } = clues;
      if (generators.length > 0 || has('gradients-missing') || drawsNothing(clues)) return undefined;
      const pause = pauseAtFirst(clues);
      if (pause?.shows === true) return undefined;
      if (pause !== undefined)
        return `the random generators were restored, but ${listed(pause.names)} ${plural(pause.names.length, 'does', 'do')} not advance in ${pause.when}, where the loss is right: the state is put back afterwards, so the same numbers are drawn again`;
      const still = finding('random-does-not-advance');
      if (still !== undefined) {
        return `the random generators were restored, but ${subjectsOf(still)} ${plural(still.subjectCount, 'does', 'do')} not advance in ${pairs.length} step${plural(pairs.length, '', 's')}: nothing is drawn, or the state is put back afterwards`;
      }
      const found = finding('final-random-differs');
      if (found === undefined) return undefined;
      const loss = finding('loss-differs');
      const first = loss === undefined ? '' : `; the loss first differs at step ${loss.step}`;
      return `the random generators were restored, but different numbers are drawn in ${pairs.length} ${plural(pairs.length, 'step', 'steps')}: ${subjectsOf(found)} ${plural(found.subjectCount, 'ends', 'end')} in a different state than in the control${first}`;
    },
  },
];
