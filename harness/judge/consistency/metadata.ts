/** What all processes of one run must agree on. */
import type { RunRecord, Trace } from '../../trace/schema.ts';
import { nameOf } from '../process.ts';
import type { Contradiction } from './contradiction.ts';

/** Equal in every process. */
const COMMON: readonly [string, (run: RunRecord) => unknown][] = [
  ['scenario', ({ scenario }) => scenario],
  ['plan', ({ plan }) => plan],
  ['seed', ({ seed }) => seed],
  ['lacks', ({ lacks }) => [...lacks].sort()],
  ['deviates', ({ deviates = [] }) => [...deviates].sort()],
  ['countsResumes', ({ countsResumes = [] }) => [...countsResumes].sort()],
  ['backend asked for', ({ plan, backend }) => (plan.resumeOn === undefined ? backend.requested : null)],
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
export function metadataApart(traces: readonly Trace[]): Contradiction[] {
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
    for (const [what, value] of OF_A_BACKEND) say(trace, what, value(run), run.backend.name);
    if ((run.role === 'control' || run.role === 'before') !== (run.segment === 0))
      apart.push({
        file: trace.file,
        what: `gives segment ${run.segment} to the role '${run.role}'`,
        step: null,
        expected: 'segment 0 for control and before, from 1 for others',
        seen: String(run.segment),
      });
    const process = `${run.role} ${run.segment}`;
    if (processes.has(process))
      apart.push({
        file: trace.file,
        what: 'is a second trace of that process',
        step: null,
        expected: 'one trace of each process',
        seen: 'two',
      });
    processes.add(process);
  }
  return apart;
}
