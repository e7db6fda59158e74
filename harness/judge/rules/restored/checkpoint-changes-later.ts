import type { Rule } from '../../rule.ts';
import { listed } from '../../words.ts';

export const checkpointChangesLater: Rule = {
  id: 'checkpoint-changes-later',
  proof: 'restored',
  claim: 'A checkpoint stays as it was saved while training goes on.',
  reads: 'which files of its checkpoints had changed by the end of a run that saves and goes on',
  speaks: 'before the first step',
  judge: ({ saver }) => {
    const [first] = saver?.end?.rewritten ?? [];
    if (first === undefined) return [];
    const step = saver?.saved.find(({ checkpoint }) => checkpoint === first.checkpoint)?.step ?? null;
    return [
      {
        sentence: `The checkpoint '${first.checkpoint}' was written again after save() had returned, while training went on: ${listed(first.files)}.`,
        subjects: first.files,
        step,
        expected: 'the files that were there when save() had returned',
        seen: 'other contents',
        likelyCause: 'the save is written in the background, from tensors that training changes meanwhile',
        fix: 'copy the state before save() returns, and let save() resolve once everything is written',
      },
    ];
  },
};
