import { resumesIn } from '../../../trace/history.ts';
import type { Evidence } from '../../evidence.ts';
import { ranksNamed } from '../../ranks.ts';
import type { Found, Rule } from '../../rule.ts';

export const ranksResumeApart: Rule = {
  id: 'ranks-resume-apart',
  proof: 'restored',
  claim: 'All ranks of a process resume from checkpoints of the same step of the same process.',
  reads: 'which checkpoint each rank of a process resumed from',
  speaks: 'before the first step',
  ofAllRanks: true,
  judge: ({ ranks, history }) =>
    resumesIn(history).flatMap(({ id, from }, n): Found[] => {
      const expected = textOf(from);
      const groups = Map.groupBy(sourcesOf(id, ranks), ({ source }) => source);
      if (groups.size < 2) return [];
      const wrong = [...groups.values()].flat().filter(({ source }) => source !== expected);
      const seen = [...groups].map(
        ([source, own]) => `${ranksNamed(own.map(({ rank }) => rank))} from ${source}`,
      );
      return [
        {
          sentence: `At resume ${n + 1}, the ranks resumed from different checkpoints: ${seen.join(', ')}.`,
          resume: n + 1,
          step: from.step,
          ranks: wrong.map(({ rank }) => rank),
          subjects: wrong.map(({ rank }) => `rank ${rank}`),
          total: ranks.length,
          expected: `all ${ranks.length} ranks from ${expected}`,
          seen: seen.join(', '),
          likelyCause:
            'each rank looks for its latest checkpoint itself, and the latest of one is older: its last save failed, or was not yet on its disk',
          fix: 'let one rank choose the step of which all ranks have a checkpoint, and tell the others',
        },
      ];
    }),
};

const textOf = (from: { readonly process: string; readonly step: number }): string =>
  `step ${from.step} of ${from.process}`;

/** What each rank of a process says that it resumed from. */
const sourcesOf = (id: string, ranks: readonly Evidence[]) =>
  ranks.flatMap(({ rank, traces }) => {
    const resumed = traces.find(({ run }) => run?.id === id)?.resumed;
    return resumed === undefined
      ? []
      : [{ rank, source: textOf({ process: resumed.from.process, step: resumed.step }) }];
  });
