import type { Trace } from '../../../trace/schema.ts';
import { nameOf, resumeOf } from '../../process.ts';
import type { Found, Rule } from '../../rule.ts';

export const traceIncomplete: Rule = {
  id: 'trace-incomplete',
  proof: 'run',
  claim: 'Each run that the plan asks for left a whole trace.',
  reads: 'which traces there are and whether each is whole: its end record, each of its lines',
  speaks: 'before the first step',
  judge: ({ traces, plan, controls, control, before, resumes }) => {
    const wanted = plan.resumeAt.length;
    // A process that tells why it failed is another rule's finding, and so is that nothing came after it.
    const failed = (trace: Trace | undefined): boolean => trace?.failure !== undefined;
    const last = resumes.at(-1)?.after ?? before;
    // A plan without a resume proves none.
    const absent = Array.from({ length: Math.max(1, wanted) }, (_, at) => at + 1).filter(
      (index) => !resumes.some((resume) => resume.index === index),
    );
    const missing = [
      ...(control === undefined ? ['control'] : []),
      ...(before === undefined ? ['before'] : []),
      ...(failed(last) ? [] : absent.map((index) => `after (resume ${index})`)),
      ...(control?.run?.backend.deterministic === false && controls.length < 2 ? ['twin'] : []),
      ...[...new Set(plan.resumeOn)]
        .filter((backend) => !controls.some(({ run }) => run?.backend.name === backend))
        .map((backend) => `control on ${backend}`),
    ];
    const broken = traces.filter((trace) => trace.defect !== undefined && !failed(trace));
    return [
      ...missing.map(
        (name): Found => ({
          sentence: `There is no trace of the ${name} run.`,
          subjects: [name],
          expected: `a trace of each run: control, before and ${wanted} after`,
          seen: `${traces.length} traces; none of ${name}`,
          likelyCause: 'the run was never started, its first record was never written, or its file was lost',
          fix: 'look at the findings about the runs before it; run the scenario again',
        }),
      ),
      ...broken.map(
        (trace): Found => ({
          sentence: `The trace of the ${nameOf(trace)} run ${trace.defect}.`,
          subjects: [nameOf(trace)],
          resume: resumeOf(trace),
          expected: 'a whole trace with an end record, each line as in docs/trace.schema.json',
          seen: `${trace.steps.length} steps, ${trace.states.length} states; the file ${trace.defect}`,
          likelyCause:
            'the process was ended in the middle, or the file was changed, emptied or written by another program',
          fix: 'run the scenario again; validate the writer of the trace against docs/trace.schema.json',
        }),
      ),
    ];
  },
};
