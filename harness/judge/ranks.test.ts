import { describe, expect, test } from 'vitest';
import { historyIn } from '../trace/history.ts';
import type { Plan } from '../trace/schema.ts';
import { collectEvidence } from './collect.ts';
import { type Judgement, judge } from './judge.ts';
import { byRank, ranksNamed, saidOf } from './ranks.ts';
import { scatterBytes, spoil, tensors } from './testing/cases.ts';
import { type Draft, healthyTraces, PLAN, type RankTraces, type Traces } from './testing/traces.ts';

const subject = { scenario: 'tested', about: 'a test', expect: 'proven' as const, replay: 'again' };
const verdictOf = ({ all }: Pick<Traces, 'all'>, plan: Plan = PLAN): Judgement =>
  judge(subject, collectEvidence(plan, 'wasm', all));

const twoRanks = (): Traces => healthyTraces({ worldSize: 2 });
const resumedOn = ({ ranks }: Traces, rank: number): Draft => ranks[rank]!.after[0]!;

describe('a healthy run of several ranks', () => {
  test.each([2, 3])('of %i ranks is proven, and all of them are counted', (worldSize) => {
    const alone = verdictOf(healthyTraces());
    const verdict = verdictOf(healthyTraces({ worldSize }));
    expect(verdict).toMatchObject({
      outcome: 'proven',
      findings: [],
      headline: `Resumed once: indistinguishable from the uninterrupted run over 4 steps on each of ${worldSize} ranks.`,
    });
    expect(verdict.compared?.processes).toBe(worldSize * alone.compared!.processes);
    expect(verdict.compared?.steps).toBe(worldSize * alone.compared!.steps);
  });

  test('may have a seed and a backend’s driver on each rank, and samples on one of them', () => {
    const traces = twoRanks();
    const { control, before, after, cold } = traces.ranks[1]!;
    for (const trace of [control, before, ...after, cold]) {
      trace.run!.seed = 1;
      trace.run!.backend.driver = 'another';
      trace.run!.lacks = ['samples'];
      trace.samples = [];
    }
    expect(verdictOf(traces)).toMatchObject({ outcome: 'proven', findings: [] });
  });

  test('on a device that rounds differently each time has one false alarm in 10,000 verdicts as well', () => {
    const traces = healthyTraces({ noisy: true, worldSize: 2 });
    scatterBytes(traces);
    const { outcome, findings, noise } = verdictOf(traces);
    expect(findings).toEqual([]);
    expect(outcome).toBe('proven');
    expect(noise).toMatchObject({ exact: false, controls: 4, falseAlarm: 1e-4 });
    const alone = healthyTraces({ noisy: true });
    scatterBytes(alone);
    expect(noise!.comparisons).toBeGreaterThan(verdictOf(alone).noise!.comparisons);
  });

  test('on a device that sums norms in any order need not have equal norms', () => {
    const traces = healthyTraces({ noisy: true, worldSize: 2 });
    scatterBytes(traces);
    // By chance, the control’s are equal in the steps after the resume.
    traces.ranks[1]!.control.steps[0]!.l2[0]! *= 1 + 2 ** -50;
    for (const step of resumedOn(traces, 1).steps) step.l2[0]! *= 1 + 2 ** -50;
    expect(verdictOf(traces)).toMatchObject({ outcome: 'proven', findings: [] });
  });

  test('may deviate as declared, and what is replicated is listed once', () => {
    const deviates = ['ema', 'random'] as const;
    const [alone, both] = [1, 2].map((worldSize) => verdictOf(healthyTraces({ worldSize, deviates })));
    expect(both).toMatchObject({ outcome: 'proven', findings: [] });
    const count = (verdict: Judgement | undefined) => verdict!.deviations.map(({ entryCount }) => entryCount);
    const [emas, generators] = count(alone) as [number, number];
    expect(count(both)).toEqual([emas, 2 * generators]);
  });

  test('may hold different values on each rank after a deviation, as the control does', () => {
    const traces = healthyTraces({ worldSize: 2, deviates: ['ema'] });
    const { control, after } = traces.ranks[1]!;
    const states = [control, ...after].flatMap((trace) => trace.states);
    for (const { tensors: own } of states.filter(({ at }) => at === 'deviated' || at === 'resume'))
      spoil(own.filter(({ kind }) => kind === 'ema'));
    expect(verdictOf(traces)).toMatchObject({ outcome: 'proven', findings: [] });
  });

  test('is one history, whatever the order of its traces', () => {
    const { all } = twoRanks();
    const history = historyIn(all.toReversed());
    expect(history.processes.toSorted((a, b) => b.id.localeCompare(a.id))).toEqual(
      historyIn(healthyTraces().all).processes,
    );
    expect(judge(subject, collectEvidence(history, 'wasm', all)).outcome).toBe('proven');
  });
});

test('a run of one rank says nothing of ranks', () => {
  const traces = healthyTraces();
  spoil(tensors(traces.after[0]!, 'slot'));
  const { findings, headline } = verdictOf(traces);
  expect(findings.length).toBeGreaterThan(0);
  expect(findings.every(({ ranks }) => ranks.length === 0)).toBe(true);
  expect(JSON.stringify([findings, headline])).not.toMatch(/on rank|On rank|both ranks/);
});

describe('what is wrong on several ranks is said once', () => {
  test('of both ranks, if it is the same', () => {
    const traces = twoRanks();
    for (const rank of [0, 1]) spoil(tensors(resumedOn(traces, rank), 'ema'));
    const { findings } = verdictOf(traces);
    expect(findings.filter(({ rule }) => rule === 'ema-not-restored')).toMatchObject([
      {
        ranks: [0, 1],
        sentence: expect.stringMatching(/^On both ranks, after resume 1, all 3 EMAs/),
      },
    ]);
  });

  test('of the rank that departs first, if the values differ', () => {
    const traces = twoRanks();
    for (const step of resumedOn(traces, 0).steps.slice(1)) step.claimed.loss *= 2;
    for (const step of resumedOn(traces, 1).steps) step.claimed.loss *= 3;
    const { findings } = verdictOf(traces);
    expect(findings).toMatchObject([{ rule: 'loss-differs', ranks: [0, 1], step: 5 }]);
    expect(findings[0]!.sentence).toMatch(
      /^On rank 1, after resume 1, the loss .* at step 5: .* The same on rank 0, with other values\.$/,
    );
  });

  test('a process that died before its first record is on no rank', () => {
    const traces = twoRanks();
    Object.assign(resumedOn(traces, 1), {
      run: undefined,
      states: [],
      steps: [],
      samples: [],
      end: undefined,
      defect: 'is empty',
    });
    const { findings, outcome } = verdictOf(traces);
    expect(outcome).toBe('inconclusive');
    expect(findings.map(({ sentence, ranks }) => [sentence, ranks])).toEqual([
      ['The trace of the after-1 process is empty.', []],
      ['On rank 1, there is no trace of the after-1 process.', [1]],
    ]);
  });
});

describe('traces of several ranks contradict each other', () => {
  const tracesOn = ({ control, before, after, cold }: RankTraces): Draft[] => [
    control,
    before,
    ...after,
    cold,
  ];
  test.each<[string, (traces: Traces) => void, RegExp]>([
    [
      'if one process names another worldSize',
      ({ ranks }) => {
        ranks[1]!.before.run!.worldSize = 1;
      },
      /before run gives another worldSize than the control run/,
    ],
    [
      'if one rank names another scenario',
      ({ ranks }) => {
        for (const { run } of tracesOn(ranks[1]!)) run!.scenario = 'another';
      },
      /On rank 1, the trace of the control run gives another scenario than that of rank 0/,
    ],
    [
      'if a rank is not below the worldSize',
      ({ ranks }) => {
        for (const { run } of tracesOn(ranks[1]!)) run!.rank = 2;
      },
      /no trace of rank 1 of any process/,
    ],
    [
      'if there are more ranks than the worldSize',
      ({ all, ranks }) => {
        for (const { run } of all) run!.worldSize = 2;
        all.push(
          ...tracesOn(ranks[1]!).map((trace) => ({
            ...structuredClone(trace),
            file: trace.file.replace('rank-1', 'rank-2'),
            run: { ...trace.run!, rank: 2 },
          })),
        );
      },
      /On rank 2, the trace of the control run is of rank 2, which a run of worldSize 2 does not have/,
    ],
    [
      'if a rank of a process is there twice',
      ({ all, ranks }) => {
        all.push({ ...structuredClone(ranks[1]!.before), file: '/run/again/trace.jsonl' });
      },
      /On rank 1, the trace of the before run is a second trace of that process/,
    ],
  ])('%s', (_, contradict, sentence) => {
    const traces = twoRanks();
    contradict(traces);
    const { outcome, findings } = verdictOf(traces);
    expect(outcome).toBe('inconclusive');
    expect(findings.map((finding) => finding.sentence).join('\n')).toMatch(sentence);
  });

  test('a run of one rank whose trace is of a rank that there is not', () => {
    const traces = healthyTraces();
    for (const { run } of traces.all) run!.rank = 1;
    const { outcome, headline } = verdictOf(traces);
    expect(outcome).toBe('inconclusive');
    expect(headline).toMatch(/rank 0 of any process/);
  });
});

describe('the cause names the ranks', () => {
  test('if one was restored from what another saved', () => {
    const traces = twoRanks();
    const [zero, one] = [0, 1].map((rank) => resumedOn(traces, rank).states[0]!);
    [zero!.tensors, one!.tensors] = [one!.tensors, zero!.tensors];
    [zero!.random, one!.random] = [one!.random, zero!.random];
    expect(verdictOf(traces)).toMatchObject({
      outcome: 'refuted',
      cause: 'shard-of-another-rank',
      headline: expect.stringMatching(
        /^On rank 0, after resume 1, this rank was restored from what rank 1 saved, .*, and rank 1 from what this rank saved; either the save or the load is at fault\.$/,
      ),
    });
  });

  test('if one keeps what another updates', () => {
    const traces = twoRanks();
    const resumed = resumedOn(traces, 1);
    const [first] = resumed.steps;
    for (const step of resumed.steps) {
      step.changed[0] = false;
      step.updateL2[0] = 0;
      step.l2[0] = first!.l2[0]! - first!.updateL2[0]!;
    }
    expect(verdictOf(traces)).toMatchObject({
      outcome: 'refuted',
      cause: 'update-not-received',
      headline: expect.stringMatching(
        /^On rank 1, .*1 of 4 parameters \('a'\) keeps its value on this rank, although rank 0 updates it/,
      ),
    });
  });

  test('if one reads at each step what another is to read, from shards that are drawn anew in each epoch', () => {
    const traces = twoRanks();
    const [zero, one] = traces.ranks as [RankTraces, RankTraces];
    // In later epochs, each rank reads what the other read before.
    for (const [at, step] of one.control.steps.slice(0, 4).entries())
      step.claimed.batch = [`image ${at + 5}`];
    one.before.steps.forEach((step, at) => {
      step.claimed.batch = [`image ${at + 5}`];
    });
    one.after[0]!.steps.forEach((step, at) => {
      step.claimed.batch = [...zero.after[0]!.steps[at]!.claimed.batch];
    });
    expect(verdictOf(traces)).toMatchObject({ cause: 'data-of-another-rank', outcome: 'refuted' });
  });
});

test('ranks are named in words', () => {
  expect([[1], [0, 2], [0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5, 6, 7]].map(ranksNamed)).toEqual([
    'rank 1',
    'ranks 0 and 2',
    'ranks 0, 1, 2, 3, 4 and 5',
    'ranks 0, 1, 2, 3, 4, 5 and 2 more',
  ]);
  expect([
    saidOf([1], 2, 'After it.'),
    saidOf([0, 1], 2, 'EMAs differ.'),
    saidOf([0, 1, 2], 3, 'It died.'),
  ]).toEqual(['On rank 1, after it.', 'On both ranks, EMAs differ.', 'On all 3 ranks, it died.']);
  expect(byRank([])).toEqual([[0, []]]);
});
