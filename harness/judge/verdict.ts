/** What the judge says of a scenario, and the schema of verdict.json. */
import { z } from 'zod';
import { backendSchema, planSchema } from '../trace/schema.ts';

export const VERDICT_FORMAT = 1;
export const PROOFS = ['restored', 'alive', 'faithful'] as const;

const outcome = z.enum(['proven', 'refuted', 'inconclusive']);

export const findingSchema = z.object({
  rule: z.string(),
  proof: z.enum([...PROOFS, 'run']).describe('run: the evidence itself is amiss, so no proof can be given'),
  refutes: z.boolean().describe('true: the proof is refuted; false: it is left inconclusive'),
  sentence: z.string().describe('what is wrong, in one sentence'),
  subjects: z.array(z.string()).describe('parameters, slots, hooks, samples … concerned; the first ones'),
  subjectCount: z.int().nonnegative(),
  total: z.int().nonnegative().describe('how many there are of that kind'),
  resume: z.int().nonnegative().describe('after which resume; 0 where it does not matter'),
  step: z.int().nonnegative().nullable(),
  expected: z.string(),
  seen: z.string(),
  cause: z.string(),
  remedy: z.string(),
});

export const verdictSchema = z.object({
  scenario: z.string(),
  about: z.string(),
  outcome: z.enum([...outcome.options, 'skipped']),
  proofs: z.object({ restored: outcome, alive: outcome, faithful: outcome }).nullable(),
  headline: z.string().describe('the diagnosis in one sentence'),
  caveats: z
    .array(z.string())
    .describe(
      'what holds beside the verdict: kernels that the scenario used and that are wrong or not verified',
    ),
  findings: z.array(findingSchema).describe('the root cause first'),
  expect: z.union([z.literal('proven'), z.array(z.string())]),
  asExpected: z.boolean(),
  mismatch: z.string().nullable().describe('how the findings differ from what the scenario expects'),
  plan: planSchema,
  backend: backendSchema.nullable(),
  noise: z.string().describe('what faithful was judged by'),
  seconds: z.number(),
  runs: z.array(
    z.object({
      role: z.string(),
      segment: z.int(),
      trace: z.string().describe('relative to verdict.json'),
      seconds: z.number(),
    }),
  ),
  replay: z.string().describe('the command that runs it again'),
});

export const gateSchema = z.object({
  format: z.literal(VERDICT_FORMAT),
  startedAt: z.string(),
  seconds: z.number(),
  backend: z.string(),
  passed: z.boolean(),
  problem: z.string().nullable().describe('why the gate is not green although no verdict says so'),
  verdicts: z.array(verdictSchema),
});

export type Outcome = z.output<typeof outcome>;
export type Finding = z.output<typeof findingSchema>;
export type Verdict = z.output<typeof verdictSchema>;
export type Gate = z.output<typeof gateSchema>;
export type Expectation = Verdict['expect'];
