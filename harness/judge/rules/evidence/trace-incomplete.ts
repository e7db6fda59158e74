import type { Trace } from '../../../trace/schema.ts';
import { nameOf, resumeOf } from '../../process.ts';
import type { Found, Rule } from '../../rule.ts';

export const traceIncomplete: Rule = {
  id: 'trace-incomplete',
  proof: 'run',
  claim: 'Each planned process left a complete trace.',
  reads: 'which traces exist, and whether each has all of its lines and its end record',
  speaks: 'before the first step',
  judge: ({ traces, plan, controls, control, before, resumes }) => {
    const wanted = plan.resumeAt.length;
    // Another rule reports a failed process, and the processes after it never start.
    const failed = (trace: Trace | undefined): boolean => trace?.failure !== undefined;
    const last = resumes.at(-1)?.after ?? before;
    // A plan without a resume proves nothing.
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
          sentence: `There is no trace of the ${name} process.`,
          subjects: [name],
          expected: `a trace of each process: control, before and ${wanted} after`,
          seen: `${traces.length} traces; none of ${name}`,
          likelyCause: 'the process never started, its first record was never written, or its file was lost',
          fix: 'check the findings about the earlier processes; run the scenario again',
        }),
      ),
      ...broken.map(
        (trace): Found => ({
          sentence: `The trace of the ${nameOf(trace)} process ${trace.defect}.`,
          subjects: [nameOf(trace)],
          resume: resumeOf(trace),
          expected: 'a complete trace with an end record, in which each line matches docs/trace.schema.json',
          seen: `${trace.steps.length} steps, ${trace.states.length} states; the file ${trace.defect}`,
          likelyCause:
            'the process was stopped early, or the file was changed, emptied or written by another program',
          fix: 'run the scenario again; validate the program that writes the trace against docs/trace.schema.json',
        }),
      ),
    ];
  },
};
