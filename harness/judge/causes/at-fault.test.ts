/** Who is at fault is said only as far as the checkpoint shows it. */
import { expect, test } from 'vitest';
import type { CheckpointRecord } from '../../trace/schema.ts';
import { collectEvidence } from '../collect.ts';
import { judge } from '../judge.ts';
import { type Draft, healthyTraces, PLAN, type Traces } from '../testing/traces.ts';

type Kind = Draft['states'][number]['tensors'][number]['kind'];
type Contents = { -readonly [Key in keyof CheckpointRecord]: CheckpointRecord[Key] };
interface Case {
  readonly what: string;
  /** Changes what came back, and what is in the checkpoint, which holds the state at the save. */
  readonly spoil: (traces: Traces, contents: Contents) => void;
  readonly says: string;
}

const FOLDERS: Readonly<Record<Kind, string>> = {
  parameter: 'model',
  slot: 'optimizer',
  ema: 'ema',
  buffer: 'model',
  gradient: 'gradients',
};
const LOAD = 'the checkpoint holds the right values, so the load is at fault';
const SAVE = 'the checkpoint does not hold the right values, so the save is at fault';
const EITHER = 'either the save or the load is at fault';
const OTHER = 'f'.repeat(64);
const isOf = (folder: string) => (held: { name: string }) => held.name.startsWith(`${folder}/`);

function contentsOf({ before }: Traces): Contents {
  const saved = before.states.at(-1)!;
  return {
    kind: 'checkpoint',
    checkpoint: before.saved[0]!.checkpoint,
    room: 5,
    tensors: saved.tensors.map(({ kind, name, shape, digest }) => ({
      name: `${FOLDERS[kind]}/${name}`,
      shape,
      dtype: 'F32',
      digest,
    })),
    counters: { 'state/schedules/all/lastEpoch': 4, 'state/step': 4, 'state/epoch': 1 },
    random: Object.fromEntries(
      Object.entries(saved.random).map(([name, digest]) => [`state/random/${name}`, digest]),
    ),
  };
}

const resumed = ({ after }: Traces) => after[0]!.states[0]!;
const saved = ({ before }: Traces) => before.states.at(-1)!;
function loses(traces: Traces, kind: Kind): void {
  resumed(traces).tensors = resumed(traces).tensors.filter((tensor) => tensor.kind !== kind);
  // Otherwise they may be restored later.
  for (const step of traces.after[0]!.steps) step.updateL2 = step.updateL2.map((norm) => norm / 2);
}
/** The values come back as those of another step. */
function spoils(traces: Traces, kind: Kind, name: string): void {
  const tensor = resumed(traces).tensors.find((one) => one.kind === kind && one.name === name)!;
  Object.assign(tensor, { digest: OTHER, unordered: '0'.repeat(16), l2: tensor.l2 + 1 });
}
const parameter = (state: Draft['states'][number], name: string) =>
  state.tensors.find((one) => one.kind === 'parameter' && one.name === name)!;
/** Two parameters come back with each other's values. */
function exchanges(traces: Traces, one: string, other: string): void {
  const [first, second] = [parameter(resumed(traces), one), parameter(resumed(traces), other)];
  const { digest, unordered, l2, sketch } = first;
  Object.assign(first, { ...second, name: one, parameter: one, group: first.group, storage: first.storage });
  Object.assign(second, { digest, unordered, l2, sketch });
}
function holds(contents: Contents, name: string, digest: string, more: object = {}): void {
  contents.tensors = contents.tensors.map((held) =>
    held.name === name ? { ...held, digest, ...more } : held,
  );
}

const CASES: readonly Case[] = [
  { what: 'slots that are in the checkpoint', spoil: (traces) => loses(traces, 'slot'), says: LOAD },
  {
    what: 'slots that the checkpoint lacks',
    spoil(traces, contents) {
      loses(traces, 'slot');
      contents.tensors = contents.tensors.filter((held) => !isOf('optimizer')(held));
    },
    says: SAVE,
  },
  {
    what: 'slots that may be in a list of the checkpoint',
    spoil(traces, contents) {
      loses(traces, 'slot');
      contents.tensors = contents.tensors.filter((held) => !isOf('optimizer')(held));
      contents.room = 6;
    },
    says: EITHER,
  },
  {
    what: 'slots under other names',
    spoil(traces, contents) {
      loses(traces, 'slot');
      contents.tensors = contents.tensors.map((held, at) => ({ ...held, name: `tensor ${at}` }));
    },
    says: LOAD,
  },
  {
    what: 'slots of which some are in the checkpoint',
    spoil(traces, contents) {
      loses(traces, 'slot');
      contents.tensors = contents.tensors.filter(({ name }) => !name.endsWith('exp_avg_sq'));
    },
    says: 'holds the right values of at least 3 of the 6 that were lost, but not those of at least 3 more: the load and the save are at fault',
  },
  {
    what: 'slots of zeros, which are equal everywhere',
    spoil(traces, contents) {
      for (const tensor of saved(traces).tensors.filter(({ kind }) => kind === 'slot')) tensor.l2 = 0;
      spoils(traces, 'slot', 'a.exp_avg');
      contents.tensors = contents.tensors.map((held, at) => ({ ...held, name: `tensor ${at}` }));
    },
    says: EITHER,
  },
  {
    what: 'digests of another sort',
    spoil(traces, contents) {
      loses(traces, 'slot');
      contents.tensors = contents.tensors.map((held, at) => ({ ...held, digest: `${at}`.padStart(64, '0') }));
    },
    says: EITHER,
  },
  {
    what: 'slots, of which those that came back are not in the checkpoint as they are',
    spoil(traces, contents) {
      spoils(traces, 'slot', 'a.exp_avg');
      for (const [at, { name }] of contents.tensors.filter(isOf('optimizer')).entries())
        holds(contents, name, `${at}`.padStart(64, 'e'));
    },
    says: EITHER,
  },
  {
    what: 'a parameter that the checkpoint holds as it came back',
    spoil(traces, contents) {
      spoils(traces, 'parameter', 'a');
      holds(contents, 'model/a', OTHER);
    },
    says: SAVE,
  },
  {
    what: 'a parameter that the checkpoint holds in a narrower type, as it came back',
    spoil(traces, contents) {
      spoils(traces, 'parameter', 'a');
      holds(contents, 'model/a', 'd'.repeat(64), { dtype: 'BF16', widened: OTHER });
    },
    says: SAVE,
  },
  {
    what: 'a parameter that the checkpoint holds in another order',
    spoil(traces, contents) {
      spoils(traces, 'parameter', 'a');
      const { unordered } = saved(traces).tensors.find(
        ({ kind, name }) => kind === 'parameter' && name === 'a',
      )!;
      holds(contents, 'model/a', 'd'.repeat(64), { unordered });
    },
    says: EITHER,
  },
  {
    what: 'a parameter that came back as its EMA',
    spoil(traces) {
      const { digest, l2 } = saved(traces).tensors.find(({ kind, name }) => kind === 'ema' && name === 'a')!;
      const own = resumed(traces).tensors.find(({ kind, name }) => kind === 'parameter' && name === 'a')!;
      Object.assign(own, { digest, l2 });
    },
    says: LOAD,
  },
  {
    what: 'parameters that the checkpoint holds under each other’s names',
    spoil(traces, contents) {
      exchanges(traces, 'a', 'b');
      for (const name of ['a', 'b'])
        holds(contents, `model/${name}`, parameter(resumed(traces), name).digest);
    },
    says: SAVE,
  },
  {
    what: 'parameters that came back as each other, whose names in the checkpoint tell nothing',
    spoil(traces, contents) {
      exchanges(traces, 'a', 'b');
      contents.tensors = contents.tensors.map((held, at) => ({ ...held, name: `tensor ${at}` }));
    },
    says: EITHER,
  },
  {
    what: 'a parameter that the checkpoint holds in a narrower type, in which nothing is lost',
    spoil(traces, contents) {
      spoils(traces, 'parameter', 'a');
      const { digest } = parameter(saved(traces), 'a');
      holds(contents, 'model/a', 'd'.repeat(64), { dtype: 'BF16', widened: digest });
    },
    says: LOAD,
  },
  {
    what: 'tied parameters, of which the checkpoint holds one as it came back',
    spoil(traces, contents) {
      for (const { states } of traces.all)
        for (const state of states) parameter(state, 'b').storage = parameter(state, 'a').storage;
      for (const name of ['a', 'b']) spoils(traces, 'parameter', name);
      holds(contents, 'model/b', OTHER);
    },
    says: SAVE,
  },
  { what: 'an EMA', spoil: (traces) => spoils(traces, 'ema', 'a'), says: LOAD },
  {
    what: 'a buffer',
    spoil(traces, contents) {
      spoils(traces, 'buffer', 'running_mean');
      contents.tensors = contents.tensors.filter(({ name }) => !name.endsWith('running_mean'));
    },
    says: SAVE,
  },
  { what: 'gradients', spoil: (traces) => loses(traces, 'gradient'), says: LOAD },
  {
    what: 'a counter that the checkpoint holds',
    spoil(traces) {
      resumed(traces).counters.step = 0;
    },
    says: LOAD,
  },
  {
    what: 'a counter that the checkpoint holds as it came back',
    spoil(traces, contents) {
      resumed(traces).counters.step = 3;
      contents.counters = { ...contents.counters, 'state/step': 3 };
    },
    says: SAVE,
  },
  {
    what: 'a counter that is not found',
    spoil(traces, contents) {
      resumed(traces).counters.step = 0;
      contents.counters = { 'state/lastStep': 4 };
    },
    says: EITHER,
  },
  {
    what: 'a counter of the schedule, whose name in the checkpoint has a plural',
    spoil(traces) {
      for (const trace of traces.all)
        for (const state of trace.states) state.counters['schedule.all.lastEpoch'] = state.step;
      resumed(traces).counters['schedule.all.lastEpoch'] = 0;
    },
    says: LOAD,
  },
  {
    what: 'a generator',
    spoil(traces) {
      resumed(traces).random.noise = OTHER;
    },
    says: LOAD,
  },
  {
    what: 'a generator that is not found',
    spoil(traces, contents) {
      resumed(traces).random.noise = OTHER;
      contents.random = {};
    },
    says: EITHER,
  },
];

const headlineOf = ({ spoil }: Pick<Case, 'spoil'>, tells = true): string => {
  const traces = healthyTraces();
  const contents = contentsOf(traces);
  spoil(traces, contents);
  if (tells) traces.before.checkpoints.push(structuredClone(contents) as Draft['checkpoints'][number]);
  const subject = { scenario: 'tested', about: '', expect: 'proven' as const, replay: '' };
  const { outcome, headline } = judge(subject, collectEvidence(PLAN, 'wasm', traces.all));
  expect(outcome, headline).toBe('refuted');
  return headline;
};

test.each(CASES)('$what', (one) => {
  expect(headlineOf(one)).toContain(`; ${one.says.startsWith('holds') ? 'the checkpoint ' : ''}${one.says}`);
  expect(headlineOf(one, false)).toContain(`; ${EITHER}`);
});

test('nobody is at fault for what is wrong only later', () => {
  const headline = headlineOf({
    spoil(traces) {
      for (const step of traces.after[0]!.steps) step.updates = step.updates.map(() => 2);
    },
  });
  expect(headline).not.toContain('at fault');
});
