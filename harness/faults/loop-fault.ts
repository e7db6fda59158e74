/** Faults that change the stages of a training loop, and helpers to change them. */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { Loop, type LoopContext, type LoopStages } from '../loop/loop.ts';
import type { Parts } from '../loop/parts.ts';
import type { Saved } from '../loop/snapshots.ts';
import { insertedAfter, replaced, type Stage } from '../loop/stages.ts';
import type { SteppingParts } from '../loop/step.ts';
import type { Fault } from './fault.ts';
import type { Need } from './needs.ts';

export interface LoopFault extends Omit<Fault, 'applies' | 'inject'> {
  /** What a loop must have, since this breaks it. Default: nothing. */
  readonly needs?: Need | readonly Need[];
  readonly change: (stages: LoopStages) => void;
}

/** A fault of any trainer that is a {@link Loop}. */
export function defineLoopFault({ needs = [], change, ...fault }: LoopFault): Fault {
  return {
    ...fault,
    applies(trainer) {
      if (!(trainer instanceof Loop)) return { whyNot: 'is no loop of createLoop' };
      const unmet = [needs].flat().find(({ isMet }) => !isMet(trainer.parts));
      return unmet === undefined ? true : { whyNot: unmet.whyNot };
    },
    inject: (build) => (context) => {
      const changed: LoopContext = { ...context, change };
      return build(changed);
    },
  };
}

/** Whether this process resumes. A cold start does not count. */
export const resumes = ({ context }: Parts): boolean =>
  context.checkpoint !== undefined && !context.weightsOnly;

/** Changes the loaded checkpoint before it is restored. */
export function onLoad(stages: LoopStages, edit: (saved: Saved, parts: Parts) => Saved): void {
  stages.assembly = insertedAfter(stages.assembly, 'load', {
    name: 'edit what was loaded',
    run(parts) {
      if (resumes(parts) && parts.saved !== undefined) parts.saved = edit(parts.saved, parts);
    },
  });
}

/** Changes what is written to a checkpoint. */
export function onSave(
  stages: LoopStages,
  edit: (checkpoint: Checkpoint, parts: Parts) => Checkpoint | Promise<Checkpoint>,
): void {
  const { save } = stages;
  stages.save = async (parts) => edit(await save(parts), parts);
}

/** Adds work at the end of a resume, when everything is assembled. */
export function onceResumed(stages: LoopStages, run: Stage['run']): void {
  stages.assembly = [
    ...stages.assembly,
    { name: 'once resumed', run: (parts) => (resumes(parts) ? run(parts) : undefined) },
  ];
}

/** Changes one stage of a resume. A run that starts is unchanged. */
export function inResume(
  stages: LoopStages,
  name: string,
  run: (parts: Parts, original: Stage['run']) => void | Promise<void>,
): void {
  stages.assembly = replaced(stages.assembly, name, (parts, original) =>
    resumes(parts) ? run(parts, original) : original(parts),
  );
}

/** Changes one stage of each step of a resumed run. */
export function inEachStep(
  stages: LoopStages,
  name: string,
  run: (parts: SteppingParts, original: Stage['run']) => void | Promise<void>,
): void {
  stages.step = replaced(stages.step, name, (parts, original) =>
    resumes(parts) ? run(parts as SteppingParts, original) : original(parts),
  );
}

/** Skips a stage of the resume. */
export const skip = (stages: LoopStages, name: string): void => inResume(stages, name, () => {});

/** Skips a stage of each step of a resumed run. */
export const skipInEachStep = (stages: LoopStages, name: string): void => inEachStep(stages, name, () => {});
