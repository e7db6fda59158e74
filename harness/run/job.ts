/** What one process of a scenario does; passed to it as JSON. */
import { z } from 'zod';
import { firstStep } from '../trace/plan.ts';
import { planSchema, ROLES } from '../trace/schema.ts';

export const jobSchema = z.object({
  scenario: z.string().describe('name'),
  file: z.string().describe('absolute path of the scenario file'),
  role: z.enum(ROLES),
  /** 0 for control and before; n for the n-th twin and for the process of the n-th resume. */
  segment: z.int().nonnegative(),
  plan: planSchema,
  seed: z.int(),
  backend: z.string(),
  requireGpu: z.boolean(),
  images: z.string().nullable(),
  /** Folder of the trace. Its name is the id of the process. */
  folder: z.string(),
  /** The working folder; the parent's if null. */
  work: z.string().nullable(),
  /** Checkpoint to resume from. */
  checkpoint: z.string().nullable(),
  /** The id of the process that wrote the checkpoint. */
  from: z.string().nullable(),
  /** Where to save, for a process whose segment ends at a resume point. */
  saveTo: z.string().nullable(),
  /** The folder in which a saver saves at each resume point. */
  savesIn: z.string().nullable(),
  /** The last step if the plan is cut; the plan's own if null. */
  until: z.int().positive().nullable(),
  /** The step after which a process that saves asks whether to go on; none if null. */
  askAt: z.int().positive().nullable(),
  /** Whether a control ends as soon as everything that has moved has moved again after the last resume point. */
  settle: z.boolean(),
  fault: z.string().nullable().describe('absolute path of the fault file to inject into the trainer'),
  ask: z.array(z.string()).describe('absolute paths of fault files; the process reports whether they apply'),
});

export type Job = z.output<typeof jobSchema>;

/** What a child reports to its parent while it runs; everything else is in its trace. */
export const progressSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('started'),
    backend: z.string().describe('the backend that was opened'),
    deterministic: z.boolean().describe('equal programs give equal bits on this backend'),
    skip: z.string().optional().describe('why the scenario cannot run on this backend'),
  }),
  z.object({ kind: z.literal('step'), step: z.int().positive() }),
  z.object({ kind: z.literal('saved') }).describe('a checkpoint is complete, and its record in the trace'),
  z
    .object({ kind: z.literal('asks'), step: z.int().positive() })
    .describe('state and samples of askAt are in the trace: the process waits for an answer'),
  z
    .object({ kind: z.literal('applies'), answers: z.record(z.string(), z.union([z.boolean(), z.string()])) })
    .describe('by fault file of ask: whether it applies to this trainer, or the error of asking'),
]);

export type Progress = z.output<typeof progressSchema>;

/** Whether to go on after the step that a child asks about. */
export const answerSchema = z.object({ goOn: z.boolean() });

export type Answer = z.output<typeof answerSchema>;

/** First step (exclusive) and last step (inclusive) of a job. */
export function stepsOf({
  role,
  segment,
  plan,
  until = null,
}: Pick<Job, 'role' | 'segment' | 'plan'> & Partial<Pick<Job, 'until'>>): [number, number] {
  const first = firstStep(role, segment, plan);
  const saves = role === 'before' || role === 'after';
  return [first, (saves ? plan.resumeAt[segment] : undefined) ?? until ?? plan.steps];
}
