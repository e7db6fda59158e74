import { backendsIn, endOf, resumesIn } from '../../../trace/history.ts';
import type { Trace } from '../../../trace/schema.ts';
import { nameOf, resumeOf, unknownRank } from '../../process.ts';
import { missingRanks, RANKS_SHOWN, ranksNamed } from '../../ranks.ts';
import type { Found, Rule } from '../../rule.ts';
import { listed } from '../../words.ts';

export const traceIncomplete: Rule = {
  id: 'trace-incomplete',
  proof: 'run',
  claim: 'Each planned process left a complete trace, on every rank.',
  reads: 'which traces exist, and whether each has all of its lines and its end record',
  speaks: 'before the first step',
  judge: (evidence) => {
    const { traces, history, controls, control, before } = evidence;
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
    const end = endOf(history);
    const missing = [
      ...(control === undefined ? ['control'] : []),
      ...(before === undefined && !history.processes.some(({ from }) => from === null) ? ['before'] : []),
      ...ids.filter((id) => traceOf(id) === undefined && !neverStarts(id)),
      // A run that is never resumed proves nothing, and neither does one that never gets to the end.
      ...(resumes.some(({ until }) => until >= end)
        ? []
        : [resumes.length === 0 ? 'after' : `last (resumed, to step ${end})`]),
      ...(control?.run?.backend.deterministic === false && controls.length < 2 ? ['twin'] : []),
      ...backendsIn(history)
        .filter((backend) => !controls.some(({ run }) => run?.backend.name === backend))
        .map((backend) => `control on ${backend}`),
    ];
    // Said once, with the findings of the lowest rank.
    const known = evidence.ranks.map(({ rank }) => rank);
    const all = evidence.rank === known[0] ? evidence.ranks.flatMap((rank) => rank.traces) : [];
    const absent = missingRanks(all, known);
    const broken = traces.filter((trace) => trace.defect !== undefined && !failed(trace));
    // Where nothing is missing, it is a contradiction.
    const sameIds = [...Map.groupBy(traces, ({ run }) => run?.id)].filter(
      ([id, those]) => id !== undefined && those.length > 1 && missing.length > 0,
    );
    return [
      ...(absent.length === 0
        ? []
        : [
            {
              sentence: `There is no trace of ${ranksNamed(absent)} of any process.`,
              subjects: absent.map((rank) => `rank ${rank}`),
              ranks: absent.slice(0, RANKS_SHOWN),
              expected: `traces of all ${known.length + absent.length} ranks, as worldSize says`,
              seen: `traces of ${ranksNamed(known)}`,
              likelyCause: 'its traces were not collected, or each rank wrote to the same file',
              fix: 'write the trace of each rank to a folder of its own, and pass all of them to the judge',
            },
          ]),
      ...sameIds.map(
        ([id, those]): Found => ({
          sentence: `${those.length} traces have the id '${id}'.`,
          subjects: [id!],
          expected: 'an id of its own for each process',
          seen: those.map(({ file }) => file).join(', '),
          likelyCause: 'the recorder gives each process the same id, or a trace was copied',
          fix: 'write RESUMEPROOF_ID, or another name that no other process has, as `id` of the run record',
        }),
      ),
      // A trace that cannot be read is why another process, or its own, is missing.
      ...broken.map(
        (trace): Found => ({
          sentence: `The trace of the ${nameOf(trace)} process ${trace.defect}.`,
          subjects: [nameOf(trace)],
          ...unknownRank(trace),
          resume: resumeOf(evidence, trace),
          expected: 'a complete trace with an end record, in which each line matches docs/trace.schema.json',
          seen: `${trace.steps.length} steps, ${trace.states.length} states; the file ${trace.defect}`,
          likelyCause:
            'the process was stopped early, or the file was changed, emptied or written by another program',
          fix: 'run the scenario again; validate the program that writes the trace against docs/trace.schema.json',
        }),
      ),
      ...missing.map(
        (name): Found => ({
          sentence: `There is no trace of the ${name} process${name === 'twin' ? ', though the backend is not deterministic' : ''}.`,
          subjects: [name],
          expected: `a trace of each process: ${listed(['control', ...ids], 8)}`,
          seen: `${traces.length} traces; none of ${name}`,
          likelyCause: 'the process never started, its first record was never written, or its file was lost',
          fix: 'check the findings about the earlier processes; run the scenario again',
        }),
      ),
    ];
  },
};
