import { tensorsOf } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { ofAll, valuesApart } from '../../words.ts';
import { aliveRule } from './segment.ts';

export const doesNotAdvance = (
  id: string,
  kind: 'slot' | 'ema' | 'buffer',
  noun: string,
  likelyCause: string,
  fix: string,
): Rule =>
  aliveRule(
    {
      id,
      claim: `Every ${noun} that advances in the control also advances after the resume.`,
      reads: `the ${noun}s at the resume and at the end of the segment, in both runs`,
      speaks: 'at the end of the segment',
    },
    ({ resume }) => {
      if (resume.last === undefined || resume.resumed === undefined) return undefined;
      const [first, last] = [tensorsOf(resume.controlFirst, kind), tensorsOf(resume.controlLast, kind)];
      const [mine, later] = [tensorsOf(resume.resumed, kind), tensorsOf(resume.last, kind)];
      const advancing = [...last.keys()].filter((name) => last.get(name)!.digest !== first.get(name)?.digest);
      const still = advancing.filter((name) => later.get(name)?.digest === mine.get(name)?.digest);
      const [one] = still;
      if (one === undefined) return undefined;
      const [seen, expected] = valuesApart(later.get(one)?.l2, last.get(one)!.l2);
      return {
        sentence: `From resume ${resume.index} to step ${resume.to}, ${ofAll(still.length, advancing.length, noun)} did not advance.`,
        subjects: still,
        total: advancing.length,
        step: resume.to,
        expected: `'${one}': L2 norm ${expected} at step ${resume.to}, as in the control`,
        seen: `${seen}, as right after the resume`,
        likelyCause,
        fix,
      };
    },
  );
