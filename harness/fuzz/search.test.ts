import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Verdict } from '../judge/verdict.ts';
import { endOf, type History, inner, resumesIn } from '../trace/history.ts';
import { histories } from './histories.ts';
import { search, type Tried } from './search.ts';
import { shrink } from './shrink.ts';
import { smaller } from './smaller.ts';
import type { Space } from './space.ts';

const space: Space = {
  steps: 24,
  savable: inner(24),
  killable: [],
  edges: [1, 23],
  maxResumes: 3,
  backends: ['cpu'],
  changes: ['batchSize', 'accumulation', 'steps'],
  scenario: {},
};

/** Ways in which a resume can fail, each by what a history does. */
const BUGS: Record<string, (history: History) => boolean> = {
  'after step 17': (history) => resumesIn(history).some(({ from }) => from.step === 17),
  'before the last step': (history) =>
    resumesIn(history).some(({ from }) => from.step === endOf(history) - 1),
  'in mid-accumulation': (history) => resumesIn(history).some(({ from }) => from.step % 4 !== 0),
  'the second time': (history) => resumesIn(history).some(({ from }) => from.process !== 'before'),
  'twice from one checkpoint': (history) => {
    const sources = resumesIn(history).map(({ from }) => `${from.process} ${from.step}`);
    return new Set(sources).size < sources.length;
  },
  'from an older checkpoint': ({ processes }) =>
    processes.some(({ from }) =>
      processes.some(({ id, saves }) => id === from?.process && saves.at(-1)! > from.step),
    ),
  'after a kill': ({ processes }) =>
    processes.some(({ from }) => processes.some(({ id, killed }) => id === from?.process && killed === true)),
  'in the third operation of a save': ({ processes }) => processes.some(({ inSave = 0 }) => inSave >= 3),
  'on another backend': ({ processes }) => processes.some(({ backend }) => backend === 'cpu'),
  'with a batch of 3 or more': ({ changes = [] }) => changes.some(({ batchSize = 0 }) => batchSize >= 3),
  'longer than before': ({ steps, changes = [] }) => changes.some((change) => (change.steps ?? 0) > steps),
  'with a save two steps before the end of a process': ({ processes }) =>
    processes.some(({ saves, until }) => saves.includes(until - 2)),
};

test.each(Object.entries(BUGS))('a failure %s is shrunk until no smaller one fails', async (_name, fails) => {
  const failing = fc.sample(histories(space).filter(fails), { numRuns: 15, seed: 3 });
  for (const history of failing) {
    let asked = 0;
    const asking = async (one: History): Promise<boolean> => {
      asked += 1;
      return fails(one);
    };
    const smallest = await shrink(history, space, asking, () => 4);
    expect(asked).toBeLessThan(200);
    expect(fails(smallest)).toBe(true);
    for (const one of smaller(smallest, space))
      expect(fails(one), JSON.stringify([smallest, one])).toBe(false);
    expect(
      await shrink(
        history,
        space,
        async (one) => fails(one),
        () => 1,
      ),
    ).toEqual(smallest);
  }
});

const verdictBy = (history: History, bugs: readonly string[]): Verdict => {
  const bug = bugs.find((name) => BUGS[name]!(history));
  const findings = bug === undefined ? [] : [{ rule: bug, refutes: true }];
  return { outcome: bug === undefined ? 'proven' : 'refuted', findings, cause: null } as unknown as Verdict;
};

const searching = (bugs: readonly string[], more: Partial<Parameters<typeof search>[0]> = {}) =>
  search({
    space,
    first: [],
    runs: 400,
    seed: 1,
    signal: new AbortController().signal,
    atATime: () => 3,
    prove: async (history) => verdictBy(history, bugs),
    ...more,
  });

test('every bug is found in 1,000 histories, each is reported once and minimal', async () => {
  const bugs = Object.keys(BUGS);
  for (const bug of bugs) {
    const { failures, cases } = await searching([bug], { runs: 1000 });
    expect(cases).toHaveLength(1000);
    expect(failures).toMatchObject([{ rule: bug, minimal: true }]);
  }
  const some = ['after step 17', 'on another backend', 'after a kill'];
  const { failures } = await searching(some);
  expect(failures.map(({ rule }) => rule).sort()).toEqual([...some].sort());
  const again = await searching(some, { atATime: () => 1 });
  expect(again.failures).toEqual(failures);
});

test('a resume after one of 24 steps is shrunk to that resume alone', async () => {
  const { failures } = await searching(['after step 17']);
  expect(failures[0]!.smallest.history).toEqual({
    steps: 18,
    processes: [
      { id: 'before', from: null, until: 17, saves: [17] },
      { id: 'after-1', from: { process: 'before', step: 17 }, until: 18, saves: [] },
    ],
  });
});

test('what is to be tried first is, and no history is tried twice', async () => {
  const [given] = fc.sample(histories(space), { numRuns: 1, seed: 9 }) as [History];
  const tried: string[] = [];
  const prove = async (history: History): Promise<Verdict> => {
    tried.push(JSON.stringify(history));
    return verdictBy(history, ['the second time']);
  };
  await searching([], { first: [given, given], prove });
  expect(tried[0]).toBe(JSON.stringify(given));
  expect(new Set(tried).size).toBe(tried.length);
});

test('a space without further histories ends the search', async () => {
  const tiny: Space = {
    ...space,
    steps: 2,
    savable: [1],
    edges: [1],
    backends: [],
    changes: [],
    scenario: { deviates: ['random'] },
  };
  const { cases, exhausted } = await searching([], { space: tiny });
  expect({ cases: cases.length, exhausted }).toEqual({ cases: 1, exhausted: true });
});

test('once time is up, what was found is shrunk; an interruption ends that too', async () => {
  const [timeUp, stop] = [new AbortController(), new AbortController()];
  const after = (count: number, controller: AbortController) => {
    let tried = 0;
    return async (history: History): Promise<Verdict> => {
      tried += 1;
      if (tried === count) controller.abort();
      return verdictBy(history, ['in mid-accumulation']);
    };
  };
  const late = await searching([], { prove: after(20, timeUp), timeUp: timeUp.signal, atATime: () => 1 });
  expect(late).toMatchObject({ cases: { length: 20 }, failures: [{ minimal: true }] });
  const cut = await searching([], {
    prove: after(1001, stop),
    signal: stop.signal,
    runs: 1000,
    atATime: () => 1,
  });
  expect(cut).toMatchObject({ cases: { length: 1000 }, failures: [{ minimal: false }] });
});

test('machines that share the numbers of the draws try together what one tries', async () => {
  const one = await searching(['after step 17'], { runs: 60 });
  const parts = await Promise.all(
    [0, 1, 2].map((rest) => searching([], { runs: 60, isOwn: (number) => number % 3 === rest })),
  );
  const inOrder = parts.flatMap(({ cases }) => cases).toSorted((a, b) => a.number! - b.number!);
  expect(inOrder.map(({ history }) => history)).toEqual(one.cases.map(({ history }) => history));
  expect(parts.map(({ drawn }) => drawn)).toEqual([60, 60, 60]);
  // What another machine tries first is not drawn here.
  const [{ history }] = one.cases as [Tried];
  const without = await searching([], { runs: 60, elsewhere: [history] });
  expect(without.cases.slice(0, 59).map((tried) => tried.history)).toEqual(
    one.cases.slice(1).map((tried) => tried.history),
  );
});
