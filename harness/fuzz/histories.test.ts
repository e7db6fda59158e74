import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type History, inner } from '../trace/history.ts';
import { histories } from './histories.ts';
import { isSmaller, smaller } from './smaller.ts';
import { isIn, type Space } from './space.ts';

const space: Space = {
  steps: 24,
  savable: inner(24),
  killable: [],
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
      killable: [8, 12],
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

test('a command is killed in the first save after the last that was drawn, where that can be done', () => {
  const command = { command: { program: 'train', args: [] } };
  const own = { ...space, savable: [4, 8, 12], backends: [], changes: [], scenario: command };
  const cuts = (killable: number[]) =>
    draw(1000, { ...own, killable }).flatMap(({ processes }) =>
      processes.flatMap(({ saves, until, inSave }) =>
        inSave === undefined ? [] : `${saves.at(-1)} ${until}`,
      ),
    );
  expect(new Set(cuts([4, 8, 12]))).toEqual(new Set(['4 8', '8 12']));
  expect(new Set(cuts([12]))).toEqual(new Set(['8 12']));
  expect(cuts([])).toEqual([]);
});

test('an earlier save of a command brings the one that it is killed in with it', () => {
  const processes = [
    { id: 'before', from: null, until: 12, saves: [8], killed: true as const, inSave: 2 },
    { id: 'after-1', from: { process: 'before', step: 8 }, until: 24, saves: [] },
  ];
  const own = {
    savable: [4, 8, 12],
    killable: [8, 12],
    scenario: { command: { program: 'train', args: [] } },
  };
  expect([...smaller({ steps: 24, processes }, own)]).toContainEqual({
    steps: 24,
    processes: [
      { ...processes[0], until: 8, saves: [4] },
      { ...processes[1], from: { process: 'before', step: 4 } },
    ],
  });
});
