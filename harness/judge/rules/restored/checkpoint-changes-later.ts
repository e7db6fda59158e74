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
    // A checkpoint of one file has its name.
    const within = first.files.filter((file) => file !== first.checkpoint);
    const which = within.length === 0 ? '' : `: ${listed(within)}`;
    const step = saver?.saved.find(({ checkpoint }) => checkpoint === first.checkpoint)?.step ?? null;
    return [
      {
        sentence: `The checkpoint '${first.checkpoint}' was written again after save() had returned, while training went on${which}.`,
        subjects: first.files,
        step,
        expected: 'the files that were there when save() had returned',
        seen: 'other contents',
        likelyCause:
          'the save is still being written in the background, or a later save or the training writes to the same files',
        fix: 'copy the state before save() returns, let save() resolve once everything is written, and write to each checkpoint once',
      },
    ];
  },
};
