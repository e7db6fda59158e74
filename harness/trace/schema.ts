/**
 * A trace records what a run observed as JSON lines: one record per line, written as it happens. Any language can write
 * one. The schema is published as docs/trace.schema.json and explained in docs/trace.md.
 */
import { z } from 'zod';

/** Bumped when the previous version's reader would misread a trace. */
export const TRACE_FORMAT = 2;

export const ROLES = ['control', 'twin', 'saver', 'before', 'after', 'again', 'cold'] as const;
/** What a trainer may lack. It must declare this, because comparing nothing with nothing proves nothing. */
export const OBSERVABLES = [
  'hooks',
  'slots',
  'samples',
  'random',
  'gradients',
  'learning-rates',
  'batches',
] as const;

/** What a scenario can declare that its trainer does not restore, most general last. See deviations.ts. */
export const DEVIATIONS = [
  'data-order',
  'step-count',
  'random',
  'schedule',
  'slots',
  'ema',
  'buffers',
  'gradients',
  'loss-scale',
  'precision',
] as const;

/** What one step stands for: an iteration of the loop, or an update of an optimizer after any number of them. */
export const STEP_UNITS = ['micro-batch', 'update'] as const;

/** Why a process failed, as far as the libraries report it. */
export const FAILURES = [
  'error',
  'non-finite',
  'out-of-memory',
  'backend-unavailable',
  'resume-refused',
  'save-failed',
  'environment',
] as const;

/** JSON has no NaN or infinities, so they are written as strings. */
const real = z.union(
  [z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform((text) => Number(text))],
  { error: 'expected a number, or "NaN", "Infinity" or "-Infinity"' },
);
/** An L2 norm. */
const norm = z.union(
  [z.number().nonnegative(), z.enum(['NaN', 'Infinity']).transform((text) => Number(text))],
  {
    error: 'expected a number that is not negative, or "NaN" or "Infinity"',
  },
);
const count = z.int().nonnegative();
const digest = z.string().regex(/^[0-9a-f]{16,64}$/, {
  error: 'expected 16 to 64 hexadecimal digits in lower case',
});
/** Names a process or a checkpoint, and can name a folder. */
const id = z.string().regex(/^[\w.-]{1,64}$/, {
  error: 'expected 1 to 64 letters, digits, dots, dashes and underscores',
});
const text = z.string().max(4096);
const scalar = z.union([z.number(), text, z.boolean(), z.null()], {
  error: 'expected a number, text, true, false or null',
});

export const planSchema = z.object({
  steps: z.int().positive().describe('loop iterations (micro-batches) of the whole run'),
  resumeAt: z
    .array(z.int().positive())
    .min(1)
    .describe('the steps after which the run is saved, stopped and resumed'),
  resumeOn: z
    .array(text)
    .optional()
    .describe('the backend of each resume, in order; the run’s own backend by default'),
});

/** What a resume may give another value. */
const settings = z.object({
  steps: z.int().positive().optional().describe('loop iterations (micro-batches) of the whole run'),
  batchSize: z.int().positive().optional().describe('examples per micro-batch'),
  accumulation: z.int().positive().optional().describe('micro-batches per update'),
});

/** The names of what a resume can change. */
export const SETTINGS = ['steps', 'batchSize', 'accumulation'] as const satisfies readonly (keyof z.output<
  typeof settings
>)[];
export type Setting = (typeof SETTINGS)[number];

export const changeSchema = settings.extend({
  at: z.int().positive().describe('the step after which it is made: by the resume there, and by the control'),
});

/** A history; see history.ts. harness/run/check-history.ts checks that it can be run. */
export const historySchema = z.object({
  steps: z.int().positive(),
  processes: z.array(
    z.object({
      id: z.string(),
      from: z.object({ process: z.string(), step: z.int().positive() }).nullable(),
      until: z.int().positive(),
      saves: z.array(z.int().positive()),
      backend: text.optional(),
      killed: z.literal(true).optional(),
      inSave: z.int().positive().optional(),
    }),
  ),
  changes: z.array(changeSchema).optional(),
});

export const backendSchema = z.object({
  requested: text,
  name: text,
  adapter: text.describe('the device in the driver’s own words'),
  driver: text.nullable(),
  hardware: z.boolean().describe('true only for a hardware GPU'),
  deterministic: z.boolean().describe('true if equal programs give equal bits by construction'),
  versions: z.record(text, text),
});

const run = z.object({
  kind: z.literal('run'),
  format: z.literal(TRACE_FORMAT),
  scenario: text,
  role: z.enum(ROLES),
  id: id.describe('of the process, unique in the run; all ranks of a process share it'),
  horizon: z
    .int()
    .positive()
    .describe('the steps of the whole training, for which its schedule is made; equal in all processes'),
  changes: z
    .array(changeSchema)
    .optional()
    .describe(
      'what the run changes and after which step, ascending; equal in all processes; nothing by default',
    ),
  until: count.describe('the step after which this process is to end'),
  stepIs: z.enum(STEP_UNITS).describe('what one step record stands for'),
  rank: count.max(65_535).optional().describe('of this process in a distributed run; 0 by default'),
  worldSize: z.int().positive().max(65_536).optional().describe('how many ranks the run has; 1 by default'),
  seed: z.int(),
  lacks: z.array(z.enum(OBSERVABLES)),
  deviates: z
    .array(z.enum(DEVIATIONS))
    .optional()
    .describe('what the trainer declares that it does not restore; nothing by default'),
  countsResumes: z
    .array(text)
    .optional()
    .describe('counters that rise with each resume, so that they are not compared; none by default'),
  backend: backendSchema,
  process: z.object({
    pid: count,
    runtime: text.describe('that runs the trainer, with its version: Node v22.23.3, CPython 3.12.4'),
    platform: text,
  }),
});

/** Sums of all values with random signs. They distinguish directions, not just lengths. */
const sketch = z.array(real).max(64);

/** Absent, in a language that writes null for what it does not have. */
const optionalText = text.nullish().transform((value) => value ?? undefined);

const tensor = z.object({
  kind: z.enum(['parameter', 'slot', 'ema', 'buffer', 'gradient']),
  name: text,
  parameter: optionalText.optional().describe('the parameter that a slot, an EMA or a gradient belongs to'),
  shape: z.array(count),
  dtype: text,
  trainable: z.boolean().optional(),
  group: optionalText.optional().describe('the parameter group'),
  storage: count.describe('equal for tied tensors: a write to one is a write to the other'),
  digest: digest.describe('of the values; the same kind of digest in all processes'),
  unordered: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional()
    .describe('of the values in any order: equal if a tensor holds the same values in other places'),
  l2: norm,
  bits: z
    .int()
    .min(0)
    .max(64)
    .optional()
    .describe('the most significand bits that any value needs: 24 for full float32'),
  sketch: sketch
    .optional()
    .describe('random projections of the values; required if the backend is not deterministic'),
});

const state = z.object({
  kind: z.literal('state'),
  at: z
    .enum(['start', 'pass', 'deviated', 'changed', 'save', 'resume', 'end', 'sampled', 'saved'])
    .describe(
      'deviated: in a control, after it applied the declared deviations of a resume; changed: the same after it made a change; sampled: after samples were drawn, in which the state before it must not have changed; saved: the same after a checkpoint was written',
    ),
  step: count,
  tensors: z.array(tensor),
  random: z.record(text, digest),
  counters: z.record(text, scalar),
});

const parameters = z.object({
  kind: z.literal('parameters'),
  names: z.array(text),
  groups: z.array(text.nullable()),
});

/** Tensors beside the parameters. */
const OBSERVED = ['slot', 'ema', 'buffer', 'gradient'] as const;

const column = z.array(norm);
const step = z.object({
  kind: z.literal('step'),
  step: z.int().positive(),
  seconds: z.number().nonnegative(),
  claimed: z
    .object({
      step: count.nullable(),
      loss: real,
      learningRates: z.record(text, real).describe('by parameter group, as logged'),
      batch: z.array(text),
      applied: z.boolean().describe('the trainer reports that an optimizer updated parameters'),
    })
    .describe('what the trainer reports; not evidence on its own'),
  l2: column,
  updateL2: column,
  changed: z.array(z.boolean()),
  gradientL2: z.array(norm.nullable()).describe('null if no gradient was seen'),
  appliedGradientL2: z
    .array(norm.nullable())
    .optional()
    .describe('of the gradient that the last update used, clipped and unscaled; null if no update ran'),
  hookCalls: z.array(count),
  updates: z.array(count).describe('how often an optimizer wrote the parameter'),
  learningRates: z
    .array(real.nullable())
    .describe('learning rate that the last update used; null if no update ran'),
  strayHookCalls: count.describe('calls on variables that are not the trainer’s parameters'),
  strayUpdates: count.describe('updates of variables that are not the trainer’s parameters'),
  strayGradients: count.optional().describe('gradients of variables that are not the trainer’s parameters'),
  random: z.record(text, digest).optional().describe('the generators’ states after the step'),
  counters: z.record(text, scalar).optional().describe('the counters after the step'),
  observed: z
    .array(z.object({ kind: z.enum(OBSERVED), name: text, l2: norm, sketch: sketch.optional() }))
    .optional()
    .describe('norms and random projections of other tensors after the step'),
  evaluating: z
    .array(text)
    .optional()
    .describe('the modules that are in evaluation mode while the step trains, only the outermost ones'),
});

const drawn = z.object({
  kind: z.literal('sample'),
  at: z.enum(['pass', 'deviated', 'changed', 'save', 'resume', 'end']),
  step: count,
  name: text,
});
const sampleFile = (pattern: RegExp) => z.string().max(128).regex(pattern).describe('relative to the trace');

const image = drawn.extend({
  type: z.literal('image'),
  file: sampleFile(/^samples\/[\w.-]+\.png$/),
  digest: digest.describe('of the pixels'),
  width: z.int().positive().max(4096),
  height: z.int().positive().max(4096),
  l2: norm.optional().describe('of the pixels'),
  sketch: sketch.optional().describe('of the pixels, as for a tensor'),
});

const audio = drawn.extend({
  type: z.literal('audio'),
  file: sampleFile(/^samples\/[\w.-]+\.wav$/),
  digest: digest.describe('of the PCM samples'),
  sampleRate: z.int().positive().max(768_000).describe('in Hz'),
  channels: z.int().positive().max(32),
  seconds: z.number().positive().max(3600).describe('how long it plays'),
  l2: norm.optional().describe('of the PCM samples'),
  sketch: sketch.optional().describe('of the PCM samples, as for a tensor'),
});

const writing = drawn.extend({
  type: z.literal('text'),
  file: sampleFile(/^samples\/[\w.-]+\.txt$/),
  digest: digest.describe('of the UTF-8 bytes'),
  characters: count.max(1_000_000).describe('Unicode code points'),
});

const sample = z.discriminatedUnion('type', [image, audio, writing]);

const saved = z.object({
  kind: z.literal('saved'),
  step: count,
  checkpoint: id.describe('unique in the process'),
  seconds: z.number().nonnegative(),
  bytes: count,
});

/** Written once the checkpoint is complete, by the process or by its parent. */
const checkpoint = z.object({
  kind: z.literal('checkpoint'),
  checkpoint: id.describe('the name in the saved record'),
  room: count.describe(
    'the most values that a tensor in the checkpoint can have that is not listed: in a list, in a text, or in a file of an unknown format',
  ),
  tensors: z.array(
    z.object({
      name: text.describe('as in the checkpoint'),
      shape: z.array(count),
      dtype: text,
      digest: digest.describe('of the values, as in a state'),
      widened: digest.optional().describe('of the values as float32, if they are stored in a narrower type'),
      unordered: z
        .string()
        .regex(/^[0-9a-f]{16}$/)
        .optional()
        .describe('of the values in any order, as in a state'),
    }),
  ),
  counters: z.record(text, scalar).describe('values beside the tensors, by the path that leads to them'),
  random: z.record(text, digest).describe('digests of texts, which can be the states of generators'),
});

const resumed = z.object({
  kind: z.literal('resumed'),
  step: count.describe('the step after which the process goes on'),
  from: z.object({ process: id, checkpoint: id }),
});

const failure = z.object({
  kind: z.literal('failure'),
  code: z.enum(FAILURES),
  step: count,
  message: text,
});

const end = z.object({
  kind: z.literal('end'),
  step: count,
  seconds: z.object({ startup: z.number(), training: z.number(), probing: z.number(), sampling: z.number() }),
  kernels: z
    .array(text)
    .optional()
    .describe('TensorFlow.js’ names of the kernels that ran; absent if unknown'),
  rewritten: z
    .array(z.object({ checkpoint: id, files: z.array(text) }))
    .optional()
    .describe(
      'checkpoints of this process with files that had changed by its end; none or unknown if absent',
    ),
});

/** Appended by the parent after the process has exited. */
const processEnd = z.object({
  kind: z.literal('process'),
  outcome: z
    .enum(['exited', 'stopped-as-planned', 'killed', 'crashed', 'step-timeout', 'run-timeout', 'cancelled'])
    .describe(
      'stopped-as-planned: the harness ended it after its last save; killed: it was ended in mid-training, as the history says',
    ),
  exitCode: z.int().nullable(),
  signal: text.nullable(),
  seconds: z.number().nonnegative(),
  stderr: z.array(text),
  left: z
    .array(text)
    .optional()
    .describe(
      'files that it left outside its checkpoint, where no other process sees them; unknown if absent',
    ),
});

export const recordSchema = z.discriminatedUnion('kind', [
  run,
  state,
  parameters,
  step,
  sample,
  resumed,
  saved,
  checkpoint,
  failure,
  end,
  processEnd,
]);

/** The JSON Schema of one line of a trace. */
export function traceJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(recordSchema, { io: 'input' }) as Record<string, unknown>;
}

export type TraceRecord = z.output<typeof recordSchema>;
/**
 * How many steps a run has and after which ones it is saved, stopped and resumed. `steps` counts loop iterations
 * (micro-batches) of the whole run; `resumeOn` is the backend of each resume, the run's own by default.
 */
export type Plan = z.output<typeof planSchema>;
/** Settings of a run that a resume can change. Those that are absent stay as they are. */
export type Settings = z.output<typeof settings>;
/** Settings that change after a step, and stay so. */
export type SettingsChange = z.output<typeof changeSchema>;
/**
 * The backend that a process ran on. `adapter` and `driver` are in the driver's own words; `hardware` is true only for
 * a hardware GPU; `deterministic` is true where equal programs give equal bits by construction.
 */
export type BackendRecord = z.output<typeof backendSchema>;
/**
 * What a process is for: `control` never stops, a `twin` repeats the control to measure noise, a `saver` saves at each
 * resume point and goes on without sampling, `again` resumes from a later save of it, `before` trains up to the first save, `after` resumes, and `cold` starts from the checkpoint's weights alone.
 */
export type Role = (typeof ROLES)[number];
/** A kind of thing that a trainer may lack. It must say so, since empty against empty proves nothing. */
export type Observable = (typeof OBSERVABLES)[number];
/** What a scenario may declare that its trainer does not restore. */
export type Deviation = (typeof DEVIATIONS)[number];
/** A trace's first record: scenario, role, horizon, seed and backend of one process. See docs/trace.md. */
export type RunRecord = z.output<typeof run>;
/** Hashes, norms and counters of everything that a process holds at one step. See docs/trace.md. */
export type StateRecord = z.output<typeof state>;
/** Hash, L2 norm and sketch of one tensor of a {@link StateRecord}. */
export type TensorRecord = z.output<typeof tensor>;
export type ParametersRecord = z.output<typeof parameters>;
/**
 * What one step claimed and what was measured in it, one entry per parameter in each column. See docs/trace.md.
 */
export type StepRecord = z.output<typeof step>;
/** An image, audio or a text that was sampled, with the hash of what it shows. See docs/trace.md. */
export type SampleRecord = z.output<typeof sample>;
/** The records of one type of sample. */
export type SampleOf<Type extends SampleRecord['type']> = Extract<SampleRecord, { readonly type: Type }>;
/** A checkpoint that a process has written. See docs/trace.md. */
export type SavedRecord = z.output<typeof saved>;
/** What was read in a checkpoint. See docs/trace.md. */
export type CheckpointRecord = z.output<typeof checkpoint>;
/** Which checkpoint of which process was resumed from. See docs/trace.md. */
export type ResumedRecord = z.output<typeof resumed>;
/** How a process ended, as its parent saw it. */
export type ProcessRecord = z.output<typeof processEnd>;
/** Why a process failed, as it said itself. */
export type FailureRecord = z.output<typeof failure>;

/** A trace as read back: its records in order, grouped by kind. */
export interface Trace {
  /** Where it was read from. */
  readonly file: string;
  /** The first record; undefined where there is none. */
  readonly run: RunRecord | undefined;
  readonly states: readonly StateRecord[];
  /** Each step with the parameters that its columns refer to. */
  readonly steps: readonly (StepRecord & {
    readonly names: readonly string[];
    readonly groups: readonly (string | null)[];
  })[];
  readonly samples: readonly SampleRecord[];
  /** Which checkpoint the process resumed from; undefined for one that started from nothing. */
  readonly resumed: ResumedRecord | undefined;
  readonly saved: readonly SavedRecord[];
  /** What was read in the checkpoints of which it is known. */
  readonly checkpoints: readonly CheckpointRecord[];
  readonly failure: FailureRecord | undefined;
  readonly end: z.output<typeof end> | undefined;
  readonly process: ProcessRecord | undefined;
  /** The first problem of the file, such as an invalid line or a missing `end` record; undefined if there is none. */
  readonly defect: string | undefined;
}
/** A step of a {@link Trace}, with the names and groups of the parameters that its columns stand for. */
export type TracedStep = Trace['steps'][number];
