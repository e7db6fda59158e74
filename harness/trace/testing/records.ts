/** Arbitrary traces for tests. */
import fc from 'fast-check';
import { resumes } from '../roles.ts';
import type { TraceRecord } from '../schema.ts';
import { DEVIATIONS, FAILURES, OBSERVABLES, ROLES, STEP_UNITS, TRACE_FORMAT } from '../schema.ts';

const text = fc.string({ unit: 'binary', maxLength: 8 });
// JSON.stringify drops the sign of −0.
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const real = fc.double().map((value) => value + 0);
const norm = fc.double({ min: 0 }).map((value) => value + 0);
const seconds = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });
const count = fc.nat();
const digest = fc.stringMatching(/^[0-9a-f]{16,64}$/);
const id = fc.stringMatching(/^[\w.-]{1,20}$/);
const dictionary = <T>(values: fc.Arbitrary<T>) =>
  fc.dictionary(
    text.filter((key) => key !== '__proto__'),
    values,
    { maxKeys: 3, noNullPrototype: true },
  );
const some = <T>(values: fc.Arbitrary<T>) => fc.array(values, { maxLength: 3 });

const run = fc.record({
  kind: fc.constant('run' as const),
  format: fc.constant<typeof TRACE_FORMAT>(TRACE_FORMAT),
  scenario: text,
  role: fc.constantFrom(...ROLES),
  id,
  horizon: fc.integer({ min: 1 }),
  until: count,
  stepIs: fc.constantFrom(...STEP_UNITS),
  seed: fc.integer(),
  lacks: fc.uniqueArray(fc.constantFrom(...OBSERVABLES)),
  deviates: fc.uniqueArray(fc.constantFrom(...DEVIATIONS)),
  backend: fc.record({
    requested: text,
    name: text,
    adapter: text,
    driver: fc.option(text),
    hardware: fc.boolean(),
    deterministic: fc.boolean(),
    versions: dictionary(text),
  }),
  process: fc.record({ pid: count, runtime: text, platform: text }),
});

const tensor = fc.record(
  {
    kind: fc.constantFrom('parameter', 'slot', 'ema', 'buffer', 'gradient'),
    name: text,
    parameter: text,
    shape: some(count),
    dtype: text,
    trainable: fc.boolean(),
    group: text,
    storage: count,
    digest,
    l2: norm,
    sketch: some(real),
  },
  { requiredKeys: ['kind', 'name', 'shape', 'dtype', 'storage', 'digest', 'l2'], noNullPrototype: true },
);

const state = fc.record({
  kind: fc.constant('state' as const),
  at: fc.constantFrom('start', 'pass', 'deviated', 'changed', 'save', 'resume', 'end'),
  step: count,
  tensors: fc.uniqueArray(tensor, { maxLength: 3, selector: ({ kind, name }) => `${kind} ${name}` }),
  random: dictionary(digest),
  counters: dictionary(fc.oneof(finite, text, fc.boolean(), fc.constant(null))),
});

const drawn = (ending: string) => ({
  kind: fc.constant('sample' as const),
  at: fc.constantFrom('pass', 'deviated', 'changed', 'save', 'resume', 'end'),
  step: count,
  name: text,
  file: fc.stringMatching(/^[\w.-]{1,20}$/).map((name) => `samples/${name}${ending}`),
  digest,
});
const DRAWN = ['kind', 'at', 'step', 'name', 'file', 'digest', 'type'] as const;
const image = fc.record(
  {
    ...drawn('.png'),
    type: fc.constant('image' as const),
    width: fc.integer({ min: 1, max: 4096 }),
    height: fc.integer({ min: 1, max: 4096 }),
    l2: norm,
    sketch: some(real),
  },
  { requiredKeys: [...DRAWN, 'width', 'height'], noNullPrototype: true },
);
const audio = fc.record(
  {
    ...drawn('.wav'),
    type: fc.constant('audio' as const),
    sampleRate: fc.integer({ min: 1, max: 768_000 }),
    channels: fc.integer({ min: 1, max: 32 }),
    seconds: fc.double({ min: 1e-6, max: 3600, noNaN: true }),
    l2: norm,
    sketch: some(real),
  },
  { requiredKeys: [...DRAWN, 'sampleRate', 'channels', 'seconds'], noNullPrototype: true },
);
const writing = fc.record({
  ...drawn('.txt'),
  type: fc.constant('text' as const),
  characters: fc.nat(1_000_000),
});
const sample = fc.oneof(image, audio, writing);

const saved = fc.record({
  kind: fc.constant('saved' as const),
  step: count,
  checkpoint: id,
  seconds,
  bytes: count,
});

/** Of the checkpoint that was saved. */
const contents = fc.record({
  kind: fc.constant('checkpoint' as const),
  room: count,
  tensors: some(
    fc.record(
      { name: text, shape: some(count), dtype: text, digest, widened: digest },
      { requiredKeys: ['name', 'shape', 'dtype', 'digest'], noNullPrototype: true },
    ),
  ),
  counters: dictionary(fc.oneof(finite, text, fc.boolean(), fc.constant(null))),
  random: dictionary(digest),
});

const resumed = fc.record({
  kind: fc.constant('resumed' as const),
  step: fc.nat(1e6),
  from: fc.record({ process: id, checkpoint: id }),
});

const failure = fc.record({
  kind: fc.constant('failure' as const),
  code: fc.constantFrom(...FAILURES),
  step: count,
  message: text,
});

const end = fc.record({
  kind: fc.constant('end' as const),
  step: count,
  seconds: fc.record({ startup: seconds, training: seconds, probing: seconds, sampling: seconds }),
});

export const processRecords = fc.record({
  kind: fc.constant('process' as const),
  outcome: fc.constantFrom('exited', 'crashed', 'step-timeout', 'run-timeout', 'cancelled'),
  exitCode: fc.option(fc.integer()),
  signal: fc.option(text),
  seconds,
  stderr: some(text),
});

/** A parameter table and steps with matching columns. */
const segment = fc.nat(3).chain((width) => {
  const column = <T>(values: fc.Arbitrary<T>) => fc.array(values, { minLength: width, maxLength: width });
  const step = fc.record({
    kind: fc.constant('step' as const),
    seconds,
    claimed: fc.record({
      step: fc.option(count),
      loss: real,
      learningRates: dictionary(real),
      batch: some(text),
      applied: fc.boolean(),
    }),
    l2: column(norm),
    updateL2: column(norm),
    changed: column(fc.boolean()),
    gradientL2: column(fc.option(norm)),
    hookCalls: column(count),
    updates: column(count),
    learningRates: column(fc.option(real)),
    strayHookCalls: count,
    strayUpdates: count,
    random: dictionary(digest),
    counters: dictionary(fc.oneof(finite, text, fc.boolean(), fc.constant(null))),
    observed: some(
      fc.record({
        kind: fc.constantFrom('slot', 'ema', 'buffer', 'gradient'),
        name: text,
        l2: norm,
        sketch: some(real),
      }),
    ),
  });
  return fc.record({
    table: fc.record({
      kind: fc.constant('parameters' as const),
      names: fc.uniqueArray(text, { minLength: width, maxLength: width }),
      groups: column(fc.option(text)),
    }),
    steps: some(step),
    others: some(fc.oneof(state, sample)),
  });
});

const BEGINS = ['start', 'resume'];
const CLOSES = ['end'];

/** Records of the points that come together, each once. */
const points = (
  records: readonly TraceRecord[],
  step: number,
  begins: boolean,
  closes: boolean,
): TraceRecord[] => {
  const placed = records.flatMap((record): TraceRecord[] => {
    if (record.kind !== 'state' && record.kind !== 'sample') return [];
    const fits = (begins || !BEGINS.includes(record.at)) && (closes || !CLOSES.includes(record.at));
    return [{ ...record, step, at: fits ? record.at : 'pass' } as TraceRecord];
  });
  const key = (record: TraceRecord) =>
    record.kind === 'sample' ? `${record.at} ${record.name}` : record.kind === 'state' ? record.at : '';
  return placed.filter(
    (one, at) => placed.findIndex((other) => other.kind === one.kind && key(other) === key(one)) === at,
  );
};

/** The records of a complete trace in order. Steps are numbered from where the process starts or resumes. */
export const traces: fc.Arbitrary<TraceRecord[]> = fc
  .record({
    run,
    resumed,
    segments: some(segment),
    last: fc.option(saved),
    held: fc.option(contents),
    end: fc.oneof(end, failure),
  })
  .map(({ run, resumed, segments, last, held, end }) => {
    const first = resumes(run.role) ? [resumed] : [];
    let step = first[0]?.step ?? 0;
    const begins = step;
    const filled = segments.filter(({ steps }, at) => at === 0 || steps.length > 0);
    const between = filled.flatMap(({ table, steps, others }, at): TraceRecord[] => [
      table,
      ...steps.map((one) => ({ ...one, step: ++step })),
      ...points(others, step, step === begins, at === filled.length - 1),
    ]);
    const written = last === null ? [] : [{ ...last, step }];
    const read = last === null || held === null ? [] : [{ ...held, checkpoint: last.checkpoint }];
    // The process may tell what it wrote, or its parent once it has ended.
    const own = read.filter(({ room }) => room % 2 === 0);
    const parents = read.filter(({ room }) => room % 2 === 1);
    return [run, ...first, ...between, ...written, ...own, { ...end, step }, ...parents];
  });
