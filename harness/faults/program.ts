/** Faults as changes of a training loop's stages, and the ways in which its program can be changed. */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { Loop, type LoopContext, type Program } from '../loop/loop.ts';
import type { Parts } from '../loop/parts.ts';
import type { Saved } from '../loop/snapshots.ts';
import { insertedAfter, replaced, type Stage } from '../loop/stages.ts';
import type { SteppingParts } from '../loop/step.ts';
import type { Fault } from './fault.ts';

export interface ProgramFault extends Omit<Fault, 'applies' | 'inject'> {
  /** Whether a loop has what this breaks. */
  readonly needs: (parts: Parts) => boolean;
  readonly change: (program: Program) => void;
}

/** A fault of any trainer that is a {@link Loop}. */
export function defineProgramFault({ needs, change, ...fault }: ProgramFault): Fault {
  return {
    ...fault,
    applies: (trainer) => trainer instanceof Loop && needs(trainer.parts),
    inject: (build) => (context) => {
      const changed: LoopContext = { ...context, change };
      return build(changed);
    },
  };
}

/** Not a run that starts, nor a cold start. */
export const resumes = ({ context }: Parts): boolean =>
  context.checkpoint !== undefined && !context.weightsOnly;

/** Changes what was read from the checkpoint, before any of it is restored. */
export function onLoad(program: Program, edit: (saved: Saved, parts: Parts) => Saved): void {
  program.assembly = insertedAfter(program.assembly, 'load', {
    name: 'edit what was loaded',
    run(parts) {
      if (resumes(parts) && parts.saved !== undefined) parts.saved = edit(parts.saved, parts);
    },
  });
}

/** Changes what is written to a checkpoint. */
export function onSave(
  program: Program,
  edit: (checkpoint: Checkpoint, parts: Parts) => Checkpoint | Promise<Checkpoint>,
): void {
  const { save } = program;
  program.save = async (parts) => edit(await save(parts), parts);
}

/** Does something more in a resume, once everything is assembled. */
export function onceResumed(program: Program, run: Stage['run']): void {
  program.assembly = [
    ...program.assembly,
    { name: 'once resumed', run: (parts) => (resumes(parts) ? run(parts) : undefined) },
  ];
}

/** Does one stage of a resume otherwise; a run that starts does it as ever. */
export function inResume(
  program: Program,
  name: string,
  run: (parts: Parts, original: Stage['run']) => void | Promise<void>,
): void {
  program.assembly = replaced(program.assembly, name, (parts, original) =>
    resumes(parts) ? run(parts, original) : original(parts),
  );
}

/** Does one stage of each step of a resumed run otherwise. */
export function inEachStep(
  program: Program,
  name: string,
  run: (parts: SteppingParts, original: Stage['run']) => void | Promise<void>,
): void {
  program.step = replaced(program.step, name, (parts, original) =>
    resumes(parts) ? run(parts as SteppingParts, original) : original(parts),
  );
}

/** Leaves a stage of the resume out. */
export const skip = (program: Program, name: string): void => inResume(program, name, () => {});

/** Leaves a stage of each step of a resumed run out. */
export const skipInEachStep = (program: Program, name: string): void => inEachStep(program, name, () => {});
