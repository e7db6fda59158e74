/** Which histories can be run, and what is said of those that cannot. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { endOf, type History, historyOf, isChain, passesOf, planOf } from '../trace/history.ts';
import type { ScenarioHistory, ScenarioProcess } from '../training/trainer.ts';
import { askedHistorySchema, checkHistory } from './check-history.ts';
import type { ProcessResult } from './process.ts';
import { beginIn, resultsOf, runHistory } from './run-history.ts';
import type { Start } from './start.ts';
import { UsageError } from './usage-error.ts';

const STEPS = 12;
const SAVES = fc.uniqueArray(fc.integer({ min: 1, max: STEPS - 1 }), { minLength: 1, maxLength: 4 });

/** Each process resumes from any save of any process before it, and the last one trains to the end. */
const histories: fc.Arbitrary<ScenarioHistory> = fc
  .array(
    fc.record({
      saves: SAVES,
      source: fc.nat(),
      save: fc.nat(),
      goesOn: fc.nat(3),
      killed: fc.boolean(),
      again: fc.boolean(),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((drawn) => {
    const processes: (ScenarioProcess & { saves: number[] })[] = [];
    for (const [at, { saves, source, save, goesOn, killed, again }] of drawn.entries()) {
      const of = at === 0 ? undefined : processes[source % processes.length]!;
      const step = of?.saves[save % of.saves.length];
      const first = step ?? 0;
      const own = [...saves.filter((one) => one >= first), ...(again && step !== undefined ? [step] : [])];
      const kept = [...new Set(own.length === 0 ? [Math.min(first + 1, STEPS)] : own)].sort((a, b) => a - b);
      processes.push({
        id: `p${at}`,
        ...(of === undefined ? {} : { from: { process: of.id, step: step! } }),
        until: Math.min(STEPS, kept.at(-1)! + goesOn),
        saves: kept,
        killed,
      });
    }
    const { id, saves } = processes.at(-1)!;
    return {
      steps: STEPS,
      processes: [...processes, { id: 'last', from: { process: id, step: saves[0]! } }],
    };
  });

test('every history that can be run is accepted, as data too', () => {
  fc.assert(
    fc.property(histories, (asked) => {
      const history = checkHistory(asked, 'here');
      const written = askedHistorySchema.parse(JSON.parse(JSON.stringify(history)));
      expect(checkHistory(written as ScenarioHistory, 'here')).toEqual(history);
      expect(passesOf(history)).toEqual(expect.arrayContaining(planOf(history).resumeAt));
    }),
  );
});

/** A process that only says what it did. */
const done = (saves: readonly number[], killed: boolean): ProcessResult =>
  ({
    trace: {
      end: killed ? undefined : {},
      process: { outcome: killed ? 'killed' : 'exited' },
      saved: saves.map((step) => ({ step })),
    },
  }) as unknown as ProcessResult;

test('each process starts once its checkpoint is there, and no two load one checkpoint at a time', async () => {
  await fc.assert(
    fc.asyncProperty(histories, fc.scheduler(), async (asked, scheduler) => {
      const history = checkHistory(asked, 'here');
      const ended = new Set<string>();
      const loading = new Set<string>();
      const order: string[] = [];
      const start: Start = async ({ id, from, saves, killed = false }, { checkpoint } = {}) => {
        if (from !== null) expect(ended).toContain(from.process);
        expect(checkpoint ?? null).toBe(
          from === null ? null : `/run/checkpoints/${from.process}/step-${from.step}`,
        );
        if (checkpoint != null) expect(loading).not.toContain(checkpoint);
        if (checkpoint != null) loading.add(checkpoint);
        await scheduler.schedule(Promise.resolve(), id);
        if (checkpoint != null) loading.delete(checkpoint);
        ended.add(id);
        order.push(id);
        return done(saves, killed);
      };
      const running = runHistory(history, { begin: beginIn(history, { folder: '/run', start }) });
      await scheduler.waitFor(resultsOf(running));
      expect([...order].sort()).toEqual(history.processes.map(({ id }) => id).sort());
      // Those that load the same checkpoint do it in the order of the history.
      const from = new Map(history.processes.map((own) => [own.id, JSON.stringify(own.from)]));
      for (const [source, ids] of Map.groupBy(order, (id) => from.get(id)!))
        expect(ids).toEqual(history.processes.map(({ id }) => id).filter((id) => from.get(id) === source));
    }),
    { numRuns: 50 },
  );
});

test('what resumes from a process that failed is not started', async () => {
  const history = checkHistory({ steps: 9, resumeAt: [3, 6] }, 'here');
  const started: string[] = [];
  const running = runHistory(history, {
    async begin({ id, saves }) {
      started.push(id);
      const result = done(saves, false);
      return id === 'after-1' ? ({ trace: { ...result.trace, end: undefined } } as ProcessResult) : result;
    },
  });
  expect(await resultsOf(running)).toHaveLength(2);
  expect(started).toEqual(['before', 'after-1']);
});

test('a plan is the chain of its processes', () => {
  const plan = { steps: 9, resumeAt: [3, 6] };
  expect(checkHistory(plan, 'here')).toEqual(historyOf(plan));
  expect(isChain(historyOf(plan))).toBe(true);
  const changing: History = checkHistory({ ...plan, changes: [{ at: 3, steps: 12 }] }, 'here');
  expect(endOf(changing)).toBe(12);
  expect(changing.processes.at(-1)!.until).toBe(12);
  expect(isChain(changing)).toBe(false);
});

const first = { id: 'first', until: 4, saves: [2, 4] };
const last = { id: 'last', from: { process: 'first', step: 4 } };
const middle = (about: Partial<ScenarioProcess>): ScenarioProcess[] => [
  first,
  { id: 'middle', from: { process: 'first', step: 4 }, until: 6, ...about },
  last,
];

describe('what cannot be run is refused in one line', () => {
  test.each<[string, ScenarioProcess[], string]>([
    [
      'a checkpoint that nobody saves',
      middle({ from: { process: 'first', step: 3 } }),
      "process 'middle' resumes from step 3 of 'first', which saves after 2, 4",
    ],
    [
      'a process that never saves',
      [...middle({}), { id: 'next', from: { process: 'middle', step: 6 } }],
      "process 'next' resumes from step 6 of 'middle', which never saves",
    ],
    [
      'a cycle',
      middle({ from: { process: 'last', step: 4 } }),
      "process 'middle' resumes from 'last', which is not a process listed before it",
    ],
    [
      'itself',
      middle({ from: { process: 'middle', step: 4 } }),
      "process 'middle' resumes from 'middle', which is not a process listed before it",
    ],
    [
      'an end before the start',
      middle({ until: 3 }),
      "process 'middle' ends after step 3, before step 4 that it resumes from",
    ],
    ['a name twice', middle({ id: 'First' }), "there are two processes 'First'"],
    [
      'a name of the harness',
      middle({ id: 'saver' }),
      "process 'saver' has a name that the harness uses itself: expected another",
    ],
    ['no resume', [{ id: 'first' }], 'no process resumes, so nothing would be proven'],
    [
      'no process to the end',
      [first, { ...last, until: 5 }],
      'no process resumes and trains to the end, step 8',
    ],
    [
      'a killed process at the end',
      [first, { ...last, killed: true }],
      'no process resumes and trains to the end, step 8',
    ],
    [
      'a save beyond the end',
      middle({ saves: [7] }),
      "process 'middle' cannot save after step 7: it ends after step 6",
    ],
    [
      'a save before the start',
      middle({ saves: [3] }),
      "process 'middle' cannot save after step 3: it resumes from step 4",
    ],
    [
      'saves in another order',
      middle({ saves: [6, 5] }),
      "process 'middle': expected ascending saves, received 6, 5",
    ],
    [
      'an end beyond the run',
      middle({ until: 9 }),
      "process 'middle' goes on until step 9, but the run ends after step 8",
    ],
    [
      'two beginnings',
      middle({ from: null }),
      "process 'middle' starts from nothing, as 'first' does: expected it to resume",
    ],
    [
      'no beginning',
      [last],
      "the first process 'last' resumes from 'first': expected it to start from nothing",
    ],
  ])('%s', (_, processes, message) => {
    expect(() => checkHistory({ steps: 8, processes }, 'here')).toThrow(new UsageError(`here: ${message}`));
  });

  const deviates = ['step-count'] as const;
  test.each<[string, Parameters<typeof checkHistory>[0], Parameters<typeof checkHistory>[2], string]>([
    [
      'a change where nobody resumes',
      { steps: 8, resumeAt: 4, changes: [{ at: 3, steps: 9 }] },
      {},
      'no process resumes from step 3, after which the run changes',
    ],
    [
      'a change of nothing',
      { steps: 8, resumeAt: 4, changes: [{ at: 4 }] },
      {},
      'the change after step 4 changes nothing: expected steps, batchSize or accumulation',
    ],
    [
      'a change that ends the run',
      { steps: 8, resumeAt: 4, changes: [{ at: 4, steps: 4 }] },
      {},
      'the change after step 4 comes too late: the run ends after step 4',
    ],
    [
      'changes in another order',
      {
        steps: 8,
        resumeAt: [2, 4],
        changes: [
          { at: 4, steps: 9 },
          { at: 2, batchSize: 1 },
        ],
      },
      {},
      'expected changes after ascending steps, received step 2 after step 4',
    ],
    [
      'training past a change',
      { steps: 8, processes: [{ ...first, until: 5 }, last], changes: [{ at: 4, batchSize: 1 }] },
      {},
      "process 'first' trains past step 4, after which a resume changes the run: expected it to end there",
    ],
    [
      'training past a deviation',
      { steps: 8, processes: [{ ...first, until: 5 }, last] },
      { deviates },
      "process 'first' trains past step 4, from which another resumes: expected it to end there, as the scenario declares deviates",
    ],
  ])('%s', (_, asked, declared, message) => {
    expect(() => checkHistory(asked, 'here', declared)).toThrow(new UsageError(`here: ${message}`));
  });

  test.each<[string, unknown]>([
    ['a path as a name', { steps: 8, processes: [{ id: '../out' }] }],
    ['two dots', { steps: 8, processes: [{ id: '..' }] }],
    ['a misspelt part', { steps: 8, processes: [{ id: 'first', save: [4] }] }],
    ['a step that is no integer', { steps: 8, processes: [{ id: 'first', until: 1.5 }] }],
    ['no process', { steps: 8, processes: [] }],
  ])('%s in a file', (_, asked) => {
    expect(askedHistorySchema.safeParse(asked).success).toBe(false);
  });
});
