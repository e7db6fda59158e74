import { nameOf, resumeOf } from '../../process.ts';
import type { Found, Rule } from '../../rule.ts';

export const saveFailed: Rule = {
  id: 'save-failed',
  proof: 'restored',
  claim: 'The state can be saved at each resume point.',
  reads: 'the failure that a process records when saving throws',
  speaks: 'before the first step',
  judge: (evidence) =>
    evidence.traces.flatMap((trace): Found[] => {
      const { failure, process } = trace;
      if (failure?.code !== 'save-failed') return [];
      const message = failure.message.split('\n')[0]!.replace(/\.$/, '');
      const tail = process?.stderr.slice(-5).join('\n') ?? '';
      return [
        {
          sentence: `The ${nameOf(trace)} process could not save at step ${failure.step}: ${message}.`,
          resume: resumeOf(evidence, trace),
          step: failure.step,
          expected: 'a checkpoint',
          seen: tail === '' ? message : `${message}; its last lines: ${tail}`,
          likelyCause:
            'saving threw an error: the program, or a library that it saves with, cannot save this model',
          fix: 'save the failing part in another way, such as its tensors and counters one by one',
        },
      ];
    }),
};
