import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type History, inner } from '../trace/history.ts';
import { histories } from './histories.ts';
import { isSmaller, smaller } from './smaller.ts';
import { isIn, type Space } from './space.ts';

const space: Space = {
  steps: 24,
  savable: inner(24),
  edges: [1, 6, 12, 23],
  maxResumes: 3,
  backends: ['cpu'],
  changes: ['steps', 'batchSize', 'accumulation'],
  scenario: {},
};

const SPACES: [string, Space][] = [
  ['any trainer', space],
  ['the smallest', { ...space, steps: 2, savable: [1], edges: [1], backends: [], changes: [] }],
  [
    'a command',
    {
      ...space,
      savable: [4, 8, 12],
      backends: [],
      changes: [],
      scenario: { command: { program: 'train', args: [] } },
    },
  ],
  ['a trainer that declares deviations', { ...space, changes: [], scenario: { deviates: ['random'] } }],
];

describe.each(SPACES)('%s', (_name, own) => {
  test('can be run by all that is drawn, and by all that is smaller', () => {
    fc.assert(
      fc.property(histories(own), (history) => {
        expect(isIn(own, history)).toBe(true);
        for (const one of smaller(history, own)) {
          expect(isIn(own, one)).toBe(true);
          expect(isSmaller(one, history), JSON.stringify(one)).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
  });
});

const draw = (count: number, own = space): History[] =>
  fc.sample(histories(own), { numRuns: count, seed: 1 });

test('saves after every step from the first to the last but one, edges more often', () => {
  const saved = new Map<number, number>();
  for (const { processes } of draw(3000))
    for (const { from } of processes)
      if (from !== null) saved.set(from.step, (saved.get(from.step) ?? 0) + 1);
  expect([...saved.keys()].sort((a, b) => a - b)).toEqual(inner(24));
  const counts = inner(24)
    .filter((step) => !space.edges.includes(step))
    .map((step) => saved.get(step)!);
  for (const edge of space.edges) expect(saved.get(edge)).toBeGreaterThan(Math.max(...counts));
});
