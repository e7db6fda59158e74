import { contradictions } from '../../consistency/contradictions.ts';
import { nameOf, resumeOf } from '../../process.ts';
import type { Found, Rule } from '../../rule.ts';

export const tracesContradict: Rule = {
  id: 'traces-contradict',
  proof: 'run',
  claim:
    'The traces contradict neither themselves, nor each other, nor the plan, and nothing that the plan asks for is missing.',
  reads:
    'everything that is recorded twice: metadata, norms, changes and bytes; the steps, states, samples, checkpoints and exits that the plan asks for',
  speaks: 'at the end of the segment',
  onlyIfSilent: true,
  judge: (evidence) =>
    contradictions(evidence).map(({ file, what, ...said }): Found => {
      const trace = evidence.traces.find((one) => one.file === file)!;
      return {
        ...said,
        sentence: `The trace of the ${nameOf(trace)} run ${what}.`,
        subjects: [nameOf(trace)],
        resume: resumeOf(evidence, trace),
        likelyCause: 'a recorder that measures or writes wrongly, or a trace that was changed afterwards',
        fix: 'run the scenario again; check the writer of the trace against docs/trace.md',
      };
    }),
};
