/** Runs the processes of a history with the small trainer, and records each as docs/trace.md says. */
import { createHash } from 'node:crypto';
import {
  type Fault,
  FORMATS,
  initial,
  lengthOf,
  nextRate,
  prepared,
  type Recipe,
  type Seen,
  type State,
  type Tensor,
  train,
} from './trainer.ts';

export type Line = Record<string, unknown>;
/** The lines of each trace, by its file. */
export type Lines = Record<string, readonly Line[]>;

export interface Process {
  readonly id: string;
  readonly role: 'control' | 'twin' | 'before' | 'after';
  readonly from?: { readonly process: string; readonly step: number };
  readonly until: number;
  readonly saves?: readonly number[];
  /** The steps at which a control shows what a resume is compared with. */
  readonly passes?: readonly number[];
  /** `stopped-as-planned` by its parent after the last save, or `killed` after this many steps. */
  readonly ended?: 'stopped-as-planned' | { readonly killedAfter: number };
  /** A failure after its last step: a code and a message. */
  readonly failure?: readonly [code: string, message: string];
  /** Tells what is in its checkpoints, as its parent would: the names of the kinds that it saves. */
  readonly tells?: readonly ('parameters' | 'slots')[];
  readonly fault?: Fault;
  /** Changes what it resumes with. */
  readonly restores?: (state: State) => void;
  /** Of its own; the case's by default. */
  readonly recipe?: Recipe;
}

export interface Recorder {
  readonly horizon: number;
  readonly lacks: readonly string[];
  readonly deterministic?: false;
  readonly samples?: true;
  /** Shows all that is optional: generators, counters and other tensors in each step, sketches and more digests. */
  readonly perStep?: true;
  /** Logs the learning rate after the schedule's step. */
  readonly logsNextRate?: true;
  /** Counters that rise with each resume. */
  readonly countsResumes?: readonly string[];
  readonly language?: 'python' | 'jax';
  /** What the trainer declares that it does not restore, and how the control does the same to itself. */
  readonly deviates?: readonly string[];
  readonly deviate?: (state: State) => void;
  /** What resumes change, and the recipe that follows from the only change. */
  readonly changes?: readonly [{ readonly at: number; readonly steps: number }];
  readonly changed?: Recipe;
}

/** Digits that hold for any order of a sum, and are short to read. */
const short = (value: number): number => Number(value.toPrecision(7));
/** Sixteen digits of a SHA-256: 64 bits are enough. */
const hash = (bytes: Uint8Array | string): string =>
  createHash('sha256').update(bytes).digest('hex').slice(0, 16);
const sketchOf = (values: readonly number[]): number[] =>
  [0, 1, 2].map((sum) =>
    short(
      values.reduce(
        (all, value, at) =>
          all + (createHash('md5').update(`${sum} ${at}`).digest()[0]! & 1 ? value : -value),
        0,
      ),
    ),
  );

/** The bytes of the values in their own format, little-endian. For bfloat16, the upper half of a float32. */
function bytesOf({ values, format }: Tensor): Buffer {
  const floats = Buffer.alloc(values.length * 4);
  for (const [at, value] of values.entries()) floats.writeFloatLE(value, at * 4);
  if (format === 'float32') return floats;
  const halves = Buffer.alloc(values.length * 2);
  for (const [at, value] of values.entries()) {
    if (format === 'bfloat16') floats.copy(halves, at * 2, at * 4 + 2, at * 4 + 4);
    else halves.writeUInt16LE(halfOf(value), at * 2);
  }
  return halves;
}

/** The sum of a 64-bit mix of the bits of each value, modulo 2⁶⁴. */
function unorderedOf({ values, ...form }: Tensor): string {
  const mix = (value: number): bigint =>
    createHash('sha256')
      .update(bytesOf({ ...form, values: [value] }))
      .digest()
      .readBigUInt64LE();
  const sum = values.reduce((all, value) => BigInt.asUintN(64, all + mix(value)), 0n);
  return sum.toString(16).padStart(16, '0');
}

/** The bits of a number that half precision has, and that is neither tiny nor huge. */
function halfOf(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const fraction = (Math.abs(value) / 2 ** exponent - 1) * 1024;
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | fraction;
}

/** The most significand bits that any value needs. */
function bitsOf({ values, format }: Tensor): number {
  const needed = (value: number): number => {
    if (value === 0) return 0;
    const first = Math.floor(Math.log2(Math.abs(value)));
    let bits = 1;
    while (bits < FORMATS[format] && !Number.isInteger(value / 2 ** (first + 1 - bits))) bits += 1;
    return bits;
  };
  return Math.max(...values.map(needed));
}

/** Records every process; later ones resume from the checkpoints of earlier ones. */
export function record(recipe: Recipe, recorder: Recorder, processes: readonly Process[]): Lines {
  const checkpoints = new Map<string, State>();
  return Object.fromEntries(
    processes.map((process, at) => [
      `${process.id}.jsonl`,
      recordOne(process.recipe ?? recipe, recorder, process, 4711 + at, checkpoints),
    ]),
  );
}

function recordOne(
  started: Recipe,
  recorder: Recorder,
  process: Process,
  pid: number,
  checkpoints: Map<string, State>,
): Line[] {
  const { changes: [change] = [], changed = started } = recorder;
  let recipe = change !== undefined && (process.from?.step ?? 0) >= change.at ? changed : started;
  const { id, from, until, saves = [], passes = [], ended, failure } = process;
  const lines: Line[] = [runOf(recipe, recorder, process, pid)];
  const state = from ? structuredClone(checkpoints.get(`${from.process} ${from.step}`)!) : initial(recipe);
  const show = (at: string, step: number): void => {
    if (recorder.samples) lines.push(...samplesOf(at, step, state, recorder));
    lines.push(stateOf(recipe, recorder, at, step, state));
  };
  if (from) {
    process.restores?.(state);
    recorder.deviate?.(state);
    if (recipe.countsStarts) state.counters.starts! += 1;
    const named = { process: from.process, checkpoint: `step-${from.step}` };
    lines.push({ kind: 'resumed', step: from.step, from: named });
    show('resume', from.step);
  } else lines.push(stateOf(recipe, recorder, 'start', 0, state));
  lines.push({
    kind: 'parameters',
    names: recipe.parameters.map(({ name }) => name),
    groups: recipe.parameters.map(({ group = recorder.language === 'jax' ? null : 'all' }) => group),
  });
  const first = from?.step ?? 0;
  const last = typeof ended === 'object' ? ended.killedAfter : until;
  for (let step = first + 1; step <= last; step += 1) {
    const seen = train(state, recipe, process.fault);
    lines.push(stepOf(recipe, recorder, state, seen, step));
    if (passes.includes(step)) {
      show('pass', step);
      if (recorder.deviate) {
        recorder.deviate(state);
        show('deviated', step);
      }
      if (change?.at === step) {
        recipe = changed;
        show('changed', step);
      }
    }
    if (!saves.includes(step)) continue;
    show('save', step);
    lines.push({ kind: 'saved', step, checkpoint: `step-${step}`, seconds: 0.02, bytes: 1024 });
    checkpoints.set(`${id} ${step}`, structuredClone(state));
    if (process.tells) lines.push(contentsOf(`step-${step}`, state, process.tells));
  }
  if (failure) {
    const [code, message] = failure;
    lines.push({ kind: 'failure', code, step: last, message });
  } else if (ended === undefined) {
    if (!saves.includes(last)) show('end', last);
    const seconds = { startup: 0.8, training: 0.01, probing: 0.001, sampling: 0 };
    lines.push({ kind: 'end', step: last, seconds });
  }
  const outcome = failure ? 'crashed' : typeof ended === 'object' ? 'killed' : (ended ?? 'exited');
  const signal = ended === undefined ? null : 'SIGKILL';
  const exitCode = failure ? 1 : ended ? null : 0;
  lines.push({ kind: 'process', outcome, exitCode, signal, seconds: 1.9, stderr: [] });
  return lines;
}

/** What a reader finds in a checkpoint of safetensors files and one of JSON, each named for what it holds. */
function contentsOf(checkpoint: string, state: State, kinds: NonNullable<Process['tells']>): Line {
  const tensors = kinds.flatMap((kind) =>
    Object.entries(state[kind]).map(([name, own]) => ({
      name: `${kind}/${name}`,
      shape: own.shape,
      dtype: { float32: 'F32', bfloat16: 'BF16', float16: 'F16' }[own.format],
      digest: hash(bytesOf(own)),
      ...(own.format === 'float32' ? {} : { widened: hash(bytesOf({ ...own, format: 'float32' })) }),
      unordered: unorderedOf(own),
    })),
  );
  const counters = Object.fromEntries(
    Object.entries(state.counters).map(([name, own]) => [`state/${name}`, own]),
  );
  return { kind: 'checkpoint', checkpoint, room: 0, tensors, counters, random: randomOf(state) };
}

const STACKS = {
  python: { name: 'torch-cpu', versions: { torch: '2.8.0' } },
  jax: { name: 'jax-cpu', versions: { jax: '0.7.1', optax: '0.2.5' } },
} as const;

function runOf(recipe: Recipe, recorder: Recorder, { role, id, until }: Process, pid: number): Line {
  const { horizon, lacks, deterministic = true, language = 'python' } = recorder;
  const { deviates, countsResumes, changes } = recorder;
  const { name, versions } = STACKS[language];
  return {
    kind: 'run',
    format: 2,
    scenario: 'line',
    role,
    id,
    horizon,
    until,
    stepIs: recipe.stepIs ?? 'micro-batch',
    seed: 0,
    lacks,
    ...(changes ? { changes } : {}),
    ...(deviates ? { deviates } : {}),
    ...(countsResumes ? { countsResumes } : {}),
    backend: {
      requested: name,
      name,
      adapter: 'AMD EPYC 7B13',
      driver: null,
      hardware: false,
      deterministic,
      versions,
    },
    process: { pid, runtime: 'CPython 3.12.4', platform: 'linux x86_64' },
  };
}

function stepOf(recipe: Recipe, recorder: Recorder, state: State, seen: Seen, step: number): Line {
  const { columns } = seen;
  const rate = recorder.logsNextRate ? nextRate(recipe, state) : seen.rate;
  const groups = new Set(recipe.parameters.map(({ group = 'all' }) => group).filter((one) => one !== null));
  const nullable = (value: number | null): number | null => (value === null ? null : short(value));
  return {
    kind: 'step',
    step,
    seconds: 0.004,
    claimed: {
      step: state.counters.step,
      loss: short(seen.loss),
      learningRates: Object.fromEntries([...groups].map((group) => [group, rate])),
      batch: seen.batch,
      applied: seen.applied,
    },
    l2: recipe.parameters.map(({ name }) => short(lengthOf(state.parameters[name]!.values))),
    updateL2: columns.map(({ moved }) => short(moved)),
    changed: columns.map(({ changed }) => changed),
    gradientL2: columns.map(({ gradient }) => nullable(gradient)),
    appliedGradientL2: columns.map(({ used }) => nullable(used)),
    hookCalls: columns.map(({ hookCalls }) => hookCalls),
    updates: columns.map(({ updates }) => updates),
    learningRates: columns.map((own) => own.rate),
    strayHookCalls: seen.stray,
    strayUpdates: seen.stray,
    strayGradients: seen.strayGradients,
    ...(recorder.perStep
      ? {
          random: randomOf(state),
          counters: { ...state.counters },
          observed: tensorsOf(recipe, recorder, state)
            .filter(({ kind }) => kind !== 'parameter')
            .map(({ kind, name, l2, sketch }) => ({ kind, name, l2, sketch })),
          evaluating: [],
        }
      : {}),
  };
}

function stateOf(recipe: Recipe, recorder: Recorder, at: string, step: number, state: State): Line {
  return {
    kind: 'state',
    at,
    step,
    tensors: tensorsOf(recipe, recorder, state),
    random: randomOf(state),
    counters: { ...state.counters },
  };
}

/** A generator's digest is one of its complete state. */
const randomOf = ({ random }: State): Record<string, string> =>
  Object.fromEntries(Object.entries(random).map(([name, own]) => [name, hash(String(own))]));

function tensorsOf(recipe: Recipe, recorder: Recorder, state: State): Line[] {
  const { language = 'python', deterministic, perStep } = recorder;
  let storage = 0;
  const storages = new Map<string, number>();
  const tensor = (kind: string, name: string, own: Tensor, about: Line): Line => ({
    kind,
    name,
    ...about,
    shape: own.shape,
    dtype: language === 'python' ? `torch.${own.format}` : own.format,
    storage: storage++,
    digest: hash(bytesOf(own)),
    ...(perStep ? { unordered: unorderedOf(own) } : {}),
    l2: short(lengthOf(own.values)),
    ...(kind === 'parameter' ? { bits: bitsOf(own) } : {}),
    ...(deterministic === false || perStep ? { sketch: sketchOf(own.values) } : {}),
  });
  const parameters = recipe.parameters.map(({ name, group = 'all', frozen, tied }) => {
    // A missing text is null in Python.
    const told = language === 'jax' ? { parameter: null, group: null } : { group };
    const one = tensor('parameter', name, state.parameters[name]!, { ...told, trainable: frozen !== true });
    const shared = storages.get(tied ?? '') ?? (one.storage as number);
    storages.set(name, shared);
    return { ...one, storage: shared };
  });
  const owned = (kind: string, tensors: Record<string, Tensor>): Line[] =>
    Object.entries(tensors).map(([name, own]) => tensor(kind, name, own, { parameter: name }));
  return [
    ...parameters,
    ...Object.entries(state.slots).map(([name, own]) =>
      tensor('slot', name, own, language === 'jax' ? {} : { parameter: ownerOf(recipe, name) }),
    ),
    ...owned('ema', state.ema),
    ...owned('gradient', state.gradients),
    ...Object.entries(state.buffers).map(([name, own]) => tensor('buffer', name, own, {})),
  ];
}

const ownerOf = ({ parameters }: Recipe, slot: string): string =>
  parameters.find(({ name }) => slot.startsWith(`${name}.`))!.name;

/** An image of two pixels, a sound of two samples and a text, each drawn from the parameters alone. */
function samplesOf(at: string, step: number, { parameters }: State, { perStep }: Recorder): Line[] {
  const values = Object.values(parameters).flatMap((own) => own.values);
  const [one = 0, two = 0] = values;
  const pixels = [one, two].map((value) => Math.round(Math.abs(value) * 50) % 256);
  const sound = Buffer.alloc(4);
  sound.writeInt16LE(Math.round(one * 1000), 0);
  sound.writeInt16LE(Math.round(two * 1000), 2);
  const text = `weights ${values.map((value) => value.toFixed(3)).join(' ')}`;
  const drawn = (type: string, name: string, end: string) => ({
    kind: 'sample',
    type,
    at,
    step,
    name,
    file: `samples/${at}-${step}.${end}`,
  });
  const sums = (own: readonly number[]) =>
    perStep ? { l2: short(lengthOf(own)), sketch: sketchOf(own) } : {};
  return [
    {
      ...drawn('image', 'digit 3', 'png'),
      digest: hash(Buffer.from(pixels)),
      width: 2,
      height: 1,
      ...sums(pixels),
    },
    {
      ...drawn('audio', 'tone', 'wav'),
      digest: hash(sound),
      sampleRate: 8000,
      channels: 1,
      seconds: 0.00025,
      ...sums([sound.readInt16LE(0), sound.readInt16LE(2)]),
    },
    { ...drawn('text', 'story', 'txt'), digest: hash(text), characters: [...text].length },
  ];
}

/** For a process that resumes: lets its optimizer make slots of zeros before the first update. */
export const preparesEarly =
  (recipe: Recipe) =>
  (state: State): void =>
    prepared(state, recipe);
