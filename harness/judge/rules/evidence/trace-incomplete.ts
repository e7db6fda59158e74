import { resumesIn } from '../../../trace/history.ts';
import type { Trace } from '../../../trace/schema.ts';
import { nameOf, resumeOf } from '../../process.ts';
import type { Found, Rule } from '../../rule.ts';
import { listed } from '../../words.ts';

export const traceIncomplete: Rule = {
  id: 'trace-incomplete',
  proof: 'run',
  claim: 'Each planned process left a complete trace.',
  reads: 'which traces exist, and whether each has all of its lines and its end record',
  speaks: 'before the first step',
  judge: (evidence) => {
    const { traces, plan, history, controls, control, before } = evidence;
    const traceOf = (id: string) => traces.find(({ run }) => run?.id === id);
    const failed = (trace: Trace | undefined): boolean => trace?.failure !== undefined;
    const planned = new Map(history.processes.map((process) => [process.id, process]));
    /** Another rule reports a failed process, and the processes after it never start. */
    const neverStarts = (id: string, seen = new Set<string>()): boolean => {
      const source = planned.get(id)?.from?.process;
      if (source === undefined || seen.has(source)) return false;
      return failed(traceOf(source)) || neverStarts(source, seen.add(source));
    };
    const ids = [
      ...new Set(history.processes.flatMap(({ id, from }) => (from === null ? [id] : [from.process, id]))),
    ];
    const resumes = resumesIn(history);
    const missing = [
      ...(control === undefined ? ['control'] : []),
      ...(before === undefined && !history.processes.some(({ from }) => from === null) ? ['before'] : []),
      ...ids.filter((id) => traceOf(id) === undefined && !neverStarts(id)),
      // A run that is never resumed proves nothing, and neither does one that never gets to the end.
      ...(resumes.some(({ until }) => until >= history.steps)
        ? []
        : [resumes.length === 0 ? 'after' : `last (resumed, to step ${history.steps})`]),
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
          expected: `a trace of each process: ${listed(['control', ...ids], 8)}`,
          seen: `${traces.length} traces; none of ${name}`,
          likelyCause: 'the process never started, its first record was never written, or its file was lost',
          fix: 'check the findings about the earlier processes; run the scenario again',
        }),
      ),
      ...broken.map(
        (trace): Found => ({
          sentence: `The trace of the ${nameOf(trace)} process ${trace.defect}.`,
          subjects: [nameOf(trace)],
          resume: resumeOf(evidence, trace),
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
