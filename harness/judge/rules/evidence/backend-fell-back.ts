import { backendsIn, resumesIn } from '../../../trace/history.ts';
import { nameOf, resumeOf } from '../../process.ts';
import type { Found, Rule } from '../../rule.ts';
import { insteadOf } from '../../words.ts';

export const backendFellBack: Rule = {
  id: 'backend-fell-back',
  proof: 'run',
  claim: 'Each process ran on the planned backend, and all processes on one backend used the same device.',
  reads: 'the backend and the adapter that each process reports, and the planned backend',
  speaks: 'before the first step',
  judge: (evidence) => {
    const { traces, requestedBackend, control, history } = evidence;
    const planned = backendsIn(history);
    return traces.flatMap((trace): Found[] => {
      if (trace.run === undefined) return [];
      const { backend, role, id } = trace.run;
      const reference = traces.find(({ run }) => run?.backend.name === backend.name)?.run?.backend;
      const resumed =
        role === 'cold'
          ? resumesIn(history)[0]?.backend
          : history.processes.find((one) => one.id === id)?.backend;
      const wanted = resumed ?? requestedBackend;
      const own = wanted === 'auto' ? (control?.run?.backend.name ?? backend.name) : wanted;
      // A twin may use any of the planned backends.
      const asked = role === 'twin' && planned.includes(backend.name) ? backend.name : own;
      const same = backend.name === asked && backend.adapter === reference?.adapter;
      if (same) return [];
      return [
        {
          sentence: `The ${nameOf(trace)} process ran on ${insteadOf(`${backend.name} (${backend.adapter})`, backend.name === asked ? `${asked} (${reference?.adapter})` : asked)}.`,
          resume: resumeOf(evidence, trace),
          subjects: [nameOf(trace)],
          expected: `${asked}${reference === undefined ? '' : ` on ${reference.adapter}`} in every process`,
          seen: `${backend.name} on ${backend.adapter}`,
          likelyCause: 'the process could not open the backend and used another one',
          fix: 'run `resumeproof doctor` to see which backends this machine supports',
        },
      ];
    });
  },
};
