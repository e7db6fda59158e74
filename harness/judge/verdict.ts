/** The verdict on a scenario, and the schema of verdict.json. */
import { z } from 'zod';
import { backendSchema, DEVIATIONS, historySchema, planSchema } from '../trace/schema.ts';
import { QUANTITIES } from './quantities.ts';

export const VERDICT_FORMAT = 7;
export const PROOFS = ['restored', 'alive', 'faithful'] as const;

const outcome = z.enum(['proven', 'refuted', 'inconclusive']);

export const findingSchema = z.object({
  rule: z.string(),
  proof: z.enum([...PROOFS, 'run']).describe('run: the evidence itself is flawed, so no proof can be given'),
  refutes: z.boolean().describe('true: the proof is refuted; false: it is inconclusive'),
  sentence: z.string().describe('what is wrong, in one sentence'),
  subjects: z.array(z.string()).describe('the first of the parameters, slots, hooks, samples … concerned'),
  subjectCount: z.int().nonnegative(),
  total: z.int().nonnegative().describe('how many subjects of this kind exist'),
  resume: z.int().nonnegative().describe('the resume that the finding is about; 0 if it is about none'),
  step: z.int().nonnegative().nullable(),
  ranks: z
    .array(z.int().nonnegative())
    .describe('the ranks that the finding is about; empty in a run of one rank, and if it is about none'),
  expected: z.string(),
  seen: z.string(),
  likelyCause: z.string(),
  fix: z.string(),
});

export const deviationSchema = z.object({
  kind: z.enum(DEVIATIONS),
  entries: z
    .array(
      z.object({
        name: z.string(),
        resume: z.int().positive().describe('the resume at which it deviates'),
        saved: z.string().describe('in the control, before its deviation'),
        resumed: z.string().describe('in the control, after its deviation'),
      }),
    )
    .describe('the first entries of the state that deviate'),
  entryCount: z.int().nonnegative(),
});

const relative = z.number().nonnegative();

export const quantityNoiseSchema = z.object({
  quantity: z.enum(QUANTITIES),
  things: z.int().nonnegative().describe('parameters, tensors, samples …, each with its own variance'),
  comparisons: z.int().nonnegative().describe('judged values of the resumed runs'),
  floor: relative.describe(
    'relative standard deviation among the controls, root mean square over all values',
  ),
  degrees: z
    .number()
    .positive()
    .describe('degrees of freedom: the number of controls minus one, plus those of the prior'),
  factor: z.number().positive().describe('half the width of a prediction interval, in standard deviations'),
  allowed: z
    .object({ least: relative, most: relative })
    .nullable()
    .describe('the narrowest and the widest half interval, relative; null if none is finite'),
});

export const noiseSchema = z.object({
  text: z.string().describe('how faithful was judged, in one sentence'),
  exact: z.boolean().describe('true: equality to the bit'),
  controls: z.int().nonnegative(),
  falseAlarm: z.number().describe('the highest probability that noise alone refutes a healthy run'),
  comparisons: z.int().nonnegative(),
  quantities: z.array(quantityNoiseSchema).describe('empty if all runs are equal to the bit'),
});

const count = z.int().nonnegative();

export const comparedSchema = z
  .object({
    processes: count.describe('that left a trace, without the cold one'),
    steps: count.describe('that a resumed run and the control both made'),
    tensors: count.describe('at each resume, and at the end of each segment'),
    samples: count,
    generators: count,
    counters: count,
  })
  .describe('how much was compared between resumed runs, what was saved and the control');

export const verdictSchema = z.object({
  scenario: z.string(),
  file: z
    .string()
    .nullable()
    .optional()
    .describe(
      'the file of the scenario, relative to the working folder and with `/`; null or absent if it is unknown, as of traces from elsewhere',
    ),
  about: z.string(),
  outcome: z.enum([...outcome.options, 'skipped']),
  proofs: z.object({ restored: outcome, alive: outcome, faithful: outcome }).nullable(),
  headline: z.string().describe('the diagnosis in one sentence'),
  cause: z
    .string()
    .nullable()
    .describe(
      'the cause that the diagnosis names, from the table in docs/rules.md; null if nothing is refuted or no cause is found',
    ),
  caveats: z
    .array(z.string())
    .describe('caveats on the verdict: kernels that the scenario uses and that are wrong or not verified'),
  deviations: z
    .array(deviationSchema)
    .describe(
      'what the scenario declares that it does not restore; all proofs compare with a control that makes the same deviations',
    ),
  findings: z.array(findingSchema).describe('the root cause first'),
  expect: z.union([z.literal('proven'), z.array(z.string())]),
  asExpected: z.boolean(),
  mismatch: z.string().nullable().describe('how the findings differ from what the scenario expects'),
  plan: planSchema.describe('as requested: the steps, and those after which a process resumes, in order'),
  history: historySchema
    .nullable()
    .describe(
      'what each process does, where they are no chain or change settings; null if the plan says it all',
    ),
  cut: z
    .object({ steps: z.int().positive(), resumes: z.int().nonnegative(), why: z.string() })
    .nullable()
    .describe('how far the plan was run and judged, if --fast ended it early; null if it was run in full'),
  backend: backendSchema.nullable(),
  compared: comparedSchema.nullable().describe('null where nothing was judged'),
  noise: noiseSchema.nullable().describe('null if nothing was judged'),
  seconds: z.number(),
  runs: z.array(
    z.object({
      id: z.string(),
      role: z.string(),
      trace: z.string().describe('relative to verdict.json'),
      seconds: z.number(),
    }),
  ),
  replay: z.string().describe('the command that runs it again'),
});

export const originSchema = z
  .object({
    commit: z.string().nullable(),
    branch: z.string().nullable(),
    job: z.string().nullable().describe('the CI service and its number of the job'),
    url: z.string().nullable().describe('of the job'),
    folder: z
      .string()
      .nullable()
      .optional()
      .describe('the working folder, relative to the folder that the CI job checked out'),
  })
  .describe('what was checked out, and the CI job; each part is null if it is unknown');

export const gateSchema = z.object({
  format: z.literal(VERDICT_FORMAT),
  startedAt: z.string(),
  seconds: z.number(),
  origin: originSchema,
  backend: z.string(),
  passed: z.boolean(),
  problem: z.string().nullable().describe('why the gate failed, if no verdict shows it'),
  baselines: z
    .array(
      z.object({
        scenario: z.string(),
        file: z.string(),
        changes: z.array(z.string()).describe('how the control differs from the baseline'),
        samples: z
          .array(
            z.object({
              name: z.string(),
              file: z.string().describe('in the folder of the report'),
              comparable: z.boolean().describe('whether a difference is more than noise'),
            }),
          )
          .describe('copies of the baseline’s samples that the control drew differently at its end'),
      }),
    )
    .describe('scenarios with a baseline; no verdict depends on it'),
  verdicts: z.array(verdictSchema),
});

/** The commit and the CI job that a gate is from. */
export type Origin = z.output<typeof originSchema>;
/** How much a verdict rests on, by kind. */
export type Compared = z.output<typeof comparedSchema>;
/** The outcome of a proof. */
export type Outcome = z.output<typeof outcome>;
/** A declared deviation, with the entries of the state that it changed. */
export type DeclaredDeviation = z.output<typeof deviationSchema>;
/**
 * What one rule found wrong: a sentence, what was expected and seen, the likely cause and the fix.
 * docs/verdict.schema.json describes each member.
 */
export type Finding = z.output<typeof findingSchema>;
/**
 * The verdict on one scenario: three proofs, the headline and all findings. docs/verdict.schema.json describes each
 * member.
 */
export type Verdict = z.output<typeof verdictSchema>;
/**
 * The contents of verdict.json: the verdicts of one gate and whether it passed. docs/verdict.schema.json describes each
 * member.
 */
export type Gate = z.output<typeof gateSchema>;
/** How the noise was measured, and what it allows. */
export type NoiseRecord = z.output<typeof noiseSchema>;
/** The noise of one quantity, such as the loss. */
export type QuantityNoise = z.output<typeof quantityNoiseSchema>;
/** The verdict that a scenario expects: `proven`, or the ids of rules that must find something. */
export type Expectation = Verdict['expect'];
