import { expect, test } from 'vitest';
import { compareGates } from './past.ts';
import { gate, verdict } from './testing/build.ts';

const failing = (scenario: string) =>
  verdict({ scenario, asExpected: false, outcome: 'refuted', headline: `${scenario} is wrong.` });
const passing = (scenario: string) => verdict({ scenario });

test('each scenario that changed is told once, failures first; one that passes in both is not', () => {
  const before = gate([passing('a'), failing('b'), failing('c'), passing('d'), passing('same')], {
    origin: { commit: 'abc', branch: null, job: null, url: null },
  });
  const now = gate([
    passing('b'),
    failing('c'),
    failing('a'),
    passing('fresh'),
    failing('fresh-wrong'),
    passing('same'),
  ]);
  expect(compareGates(before, now)).toEqual({
    startedAt: before.startedAt,
    commit: 'abc',
    changes: [
      { scenario: 'a', change: 'newly failing', before: passing('a').headline },
      { scenario: 'fresh-wrong', change: 'newly failing', before: null },
      { scenario: 'c', change: 'still failing', before: 'c is wrong.' },
      { scenario: 'b', change: 'mended', before: 'b is wrong.' },
      { scenario: 'fresh', change: 'new', before: null },
      { scenario: 'd', change: 'gone', before: passing('d').headline },
    ],
  });
  expect(compareGates(before, before).changes.map(({ change }) => change)).toEqual([
    'still failing',
    'still failing',
  ]);
});
