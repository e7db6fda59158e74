import { untold } from '../../consistency/untold.ts';
import { nameOf, resumeOf } from '../../process.ts';
import type { Found, Rule } from '../../rule.ts';

export const runsDiffer: Rule = {
  id: 'runs-differ',
  proof: 'faithful',
  claim:
    'Everything that a process records, the control records too, and the same where equal runs agree in every bit.',
  reads:
    'every field of every step, state and sample, field by field; only where no other rule finds anything',
  speaks: 'at the end of the segment',
  onlyIfSilent: true,
  judge: (evidence) => {
    const { control, traces } = evidence;
    if (control === undefined) return [];
    return traces.flatMap((trace): Found[] => {
      if (trace === control || trace.run === undefined || trace.run.role === 'cold') return [];
      const found = untold(trace, control, evidence);
      if (found === undefined) return [];
      const { what, ...said } = found;
      return [
        {
          ...said,
          sentence: `The ${nameOf(trace)} run ${what} than the control.`,
          // No rule knows what it means.
          refutes: false,
          resume: resumeOf(evidence, trace),
          subjects: [nameOf(trace)],
          likelyCause:
            'the resumed run differs in something that no rule has a name for, or a trace was changed',
          fix: 'compare the two values; if the difference is harmless, do not record it',
        },
      ];
    });
  },
};
