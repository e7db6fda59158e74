/** What one process of a scenario does; passed to it as JSON. */
import { z } from 'zod';
import { changeSchema, planSchema, ROLES } from '../trace/schema.ts';

export const jobSchema = z.object({
  scenario: z.string().describe('name'),
  file: z.string().describe('absolute path of the scenario file'),
  role: z.enum(ROLES),
  /** Of the process, unique in the run. */
  id: z.string(),
  /** The plan as the trainer is told it: with the length that the run has where the process starts. */
  plan: planSchema,
  /** The length with which the run starts. */
  horizon: z.int().positive(),
  /** What the run changes, by ascending step. */
  changes: z.array(changeSchema),
  seed: z.int(),
  backend: z.string(),
  requireGpu: z.boolean(),
  images: z.string().nullable(),
  /** Folder of the trace. */
  folder: z.string(),
  /** The working folder; the parent's if null. */
  work: z.string().nullable(),
  /** The process and the step that it resumes from; null if it starts from nothing. */
  from: z.object({ process: z.string(), step: z.int().positive() }).nullable(),
  /** Path of the checkpoint to resume from. */
  checkpoint: z.string().nullable(),
  /** The step after which it ends. */
  until: z.int().positive(),
  /** The steps after which it saves. */
  saves: z.array(z.int().positive()),
  /** The folder in which it saves. */
  savesIn: z.string().nullable(),
  /** The steps after which it records its state in passing. */
  passes: z.array(z.int().positive()),
  /** Whether it is killed after its last step, instead of ending. */
  killed: z.boolean(),
  /** If it is killed: before which operation on files of a save after its last step; without a save if null. */
  inSave: z.int().positive().nullable(),
  /** The step after which a process that saves asks whether to go on; none if null. */
  askAt: z.int().positive().nullable(),
  /** Whether a control ends as soon as everything that has moved has moved again after the last resume point. */
  settle: z.boolean(),
  fault: z.string().nullable().describe('absolute path of the fault file to inject into the trainer'),
  ask: z.array(z.string()).describe('absolute paths of fault files; the process reports whether they apply'),
});

export type Job = z.output<typeof jobSchema>;

/** Whether a fault applies to a trainer, why it does not, or the error of asking. */
export const appliesSchema = z.union([z.boolean(), z.object({ whyNot: z.string() }), z.string()]);

export type Applies = z.output<typeof appliesSchema>;

/** What a child reports to its parent while it runs; everything else is in its trace. */
export const progressSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('started'),
    backend: z.string().describe('the backend that was opened'),
    deterministic: z.boolean().describe('equal programs give equal bits on this backend'),
    skip: z.string().optional().describe('why the scenario cannot run on this backend'),
  }),
  z.object({ kind: z.literal('step'), step: z.int().positive() }),
  z
    .object({ kind: z.literal('saved'), step: z.int().nonnegative() })
    .describe('a checkpoint is complete, and its record in the trace'),
  z
    .object({ kind: z.literal('ends') })
    .describe('the process kills itself now, as its job says, and records no end'),
  z
    .object({ kind: z.literal('asks'), step: z.int().positive() })
    .describe('state and samples of askAt are in the trace: the process waits for an answer'),
  z
    .object({ kind: z.literal('applies'), answers: z.record(z.string(), appliesSchema) })
    .describe('by fault file of ask'),
]);

export type Progress = z.output<typeof progressSchema>;

/** Whether to go on after the step that a child asks about. */
export const answerSchema = z.object({ goOn: z.boolean() });

export type Answer = z.output<typeof answerSchema>;

/** The name of the checkpoint of a step. */
export const checkpointName = (step: number): string => `step-${step}`;
