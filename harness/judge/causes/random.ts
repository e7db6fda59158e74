/** Random generators do not go on where they stopped. */
import { listed, ofAll, plural, subjectsOf } from '../words.ts';
import type { Cause } from './cause.ts';
import { areFresh, type Clues, drawsNothing } from './clues.ts';

const BASE = { heads: ['random-not-restored'], explains: ['random-not-restored'] };

const told = ({ generators, resume }: Clues): string => {
  const total = Object.keys(resume.saved?.random ?? {}).length;
  return `${ofAll(generators.length, total, 'random generator')} (${listed(generators.map(({ name }) => name))}) ${plural(generators.length, 'goes', 'go')}`;
};

export const RANDOM: readonly Cause[] = [
  {
    id: 'random-reseeded',
    means: 'Generators are seeded anew.',
    ...BASE,
    diagnose(clues) {
      if (!areFresh(clues.generators)) return undefined;
      return `${told(clues)} on as in a run that just began: seeded anew, so that the first numbers are drawn again`;
    },
  },
  {
    id: 'random-exchanged',
    means: 'Generators came back with each other’s state.',
    ...BASE,
    diagnose(clues) {
      const saved = Object.entries(clues.resume.saved?.random ?? {});
      const others = clues.generators.map(
        ({ name, resumed }) => saved.find(([other, state]) => other !== name && state === resumed)?.[0],
      );
      if (others.length === 0 || others.some((other) => other === undefined)) return undefined;
      return `${told(clues)} on with another’s state: '${clues.generators[0]!.name}' with that of '${others[0]}'`;
    },
  },
  {
    id: 'random-rewound',
    means: 'Generators are in a state that they were in earlier.',
    ...BASE,
    diagnose(clues) {
      const state = clues.pastStates.findLast(({ random }) =>
        clues.generators.every(({ name, resumed }) => random[name] === resumed),
      );
      if (clues.generators.length === 0 || state === undefined) return undefined;
      return `${told(clues)} on from step ${state.step}, not from step ${clues.resume.from}: numbers are drawn again`;
    },
  },
  {
    id: 'random-changed',
    means:
      'Generators are in a state that they never were in: numbers were drawn while restoring, or seeded otherwise.',
    ...BASE,
    diagnose(clues) {
      if (clues.generators.length === 0) return undefined;
      return `${told(clues)} on in another state than any so far: numbers were drawn after it was restored, or it was seeded otherwise`;
    },
  },
  {
    id: 'random-drawn-otherwise',
    means: 'Generators came back, and more or fewer numbers are drawn from them than in the control.',
    heads: ['random-does-not-advance', 'final-random-differs'],
    explains: ['final-random-differs', 'random-does-not-advance', 'loss-differs'],
    diagnose(clues) {
      const { finding, has, generators, pairs } = clues;
      if (generators.length > 0 || has('gradients-missing') || drawsNothing(clues)) return undefined;
      const still = finding('random-does-not-advance');
      if (still !== undefined) {
        return `the random generators came back, and ${subjectsOf(still)} ${plural(still.subjectCount, 'stands', 'stand')} still in ${pairs.length} step${plural(pairs.length, '', 's')}: nothing is drawn, or the state is put back after`;
      }
      const found = finding('final-random-differs');
      if (found === undefined) return undefined;
      const loss = finding('loss-differs');
      const first = loss === undefined ? '' : `; the loss shows it first at step ${loss.step}`;
      return `the random generators came back, and then other numbers are drawn in ${pairs.length} steps: ${subjectsOf(found)} ${plural(found.subjectCount, 'ends', 'end')} in another state than the control’s${first}`;
    },
  },
];
