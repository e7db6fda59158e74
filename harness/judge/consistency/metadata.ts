/** What all processes of one run must agree on. */
import { backendsIn } from '../../trace/history.ts';
import type { RunRecord, Trace } from '../../trace/schema.ts';
import type { Evidence } from '../evidence.ts';
import { nameOf } from '../process.ts';
import type { Contradiction } from './contradiction.ts';

/** Equal in every process. */
const COMMON: readonly [string, (run: RunRecord) => unknown][] = [
  ['scenario', ({ scenario }) => scenario],
  ['worldSize', ({ worldSize = 1 }) => worldSize],
  ['horizon', ({ horizon }) => horizon],
  ['list of changes', ({ changes = [] }) => changes],
  ['unit of its steps', ({ stepIs }) => stepIs],
  ['seed', ({ seed }) => seed],
  ['lacks', ({ lacks }) => [...lacks].sort()],
  ['deviates', ({ deviates = [] }) => [...deviates].sort()],
  ['countsResumes', ({ countsResumes = [] }) => [...countsResumes].sort()],
  ['runtime', ({ process }) => process.runtime],
  ['platform', ({ process }) => process.platform],
];

/** Equal in every process of one backend. */
const OF_A_BACKEND: readonly [string, (run: RunRecord) => unknown][] = [
  ['driver', ({ backend }) => backend.driver],
  ['claim to be a hardware GPU', ({ backend }) => backend.hardware],
  ['claim to be deterministic', ({ backend }) => backend.deterministic],
  ['versions', ({ backend }) => Object.entries(backend.versions).sort()],
];

/** What the processes say differently of the run, and processes that there are twice. */
export function metadataApart(
  traces: readonly Trace[],
  { history }: Pick<Evidence, 'history'>,
): Contradiction[] {
  const apart: Contradiction[] = [];
  const known = new Map<string, { readonly text: string; readonly trace: Trace }>();
  const say = (trace: Trace, what: string, value: unknown, where: string): void => {
    const text = JSON.stringify(value);
    const key = `${what} ${where}`;
    const first = known.get(key);
    if (first === undefined) known.set(key, { text, trace });
    else if (first.text !== text)
      apart.push({
        file: trace.file,
        what: `gives another ${what} than the ${nameOf(first.trace)} run`,
        step: null,
        expected: first.text,
        seen: text,
      });
  };
  const processes = new Set<string>();
  for (const trace of traces) {
    const { run } = trace;
    if (run === undefined) continue;
    for (const [what, value] of COMMON) say(trace, what, value(run), '');
    if (backendsIn(history).length === 0) say(trace, 'backend asked for', run.backend.requested, '');
    for (const [what, value] of OF_A_BACKEND) say(trace, what, value(run), run.backend.name);
    const { rank = 0, worldSize = 1 } = run;
    if (rank >= worldSize)
      apart.push({
        file: trace.file,
        what: `is of rank ${rank}, which a run of worldSize ${worldSize} does not have`,
        step: null,
        expected: `a rank from 0 to ${worldSize - 1}`,
        seen: `rank ${rank}`,
      });
    if (processes.has(run.id))
      apart.push({
        file: trace.file,
        what: 'is a second trace of that process',
        step: null,
        expected: 'one trace of each process',
        seen: 'two',
      });
    processes.add(run.id);
  }
  return apart;
}

/** Equal on every rank too. All else can differ: each rank has a seed and a machine of its own, and one may draw all samples. */
const OF_ALL_RANKS = new Set(['scenario', 'worldSize', 'horizon', 'unit of its steps']);

/** What the processes of a rank say differently than those of the lowest. */
export function ranksApart(
  traces: readonly Trace[],
  { rank, ranks }: Pick<Evidence, 'rank' | 'ranks'>,
): Contradiction[] {
  const [lowest] = ranks;
  const theirs = lowest?.control?.run;
  const own = traces.find(({ run }) => run?.role === 'control');
  if (lowest?.rank === rank || theirs === undefined || own?.run === undefined) return [];
  const { file, run } = own;
  return COMMON.flatMap(([what, value]): Contradiction[] => {
    const [expected, seen] = [JSON.stringify(value(theirs)), JSON.stringify(value(run))];
    if (!OF_ALL_RANKS.has(what) || expected === seen) return [];
    return [
      { file, what: `gives another ${what} than that of rank ${lowest?.rank}`, step: null, expected, seen },
    ];
  });
}
