/** Everything in the traces of one run that cannot be true together, or that the plan asks for and is not there. */
import type { Evidence } from '../evidence.ts';
import type { Contradiction } from './contradiction.ts';
import { metadataApart } from './metadata.ts';
import { leftOut } from './plan.ts';
import { contradictionsWithin, equalBytesApart, equalTextsApart } from './values.ts';

/** The cold run is left out: it is a contrast that no proof rests on. */
export function contradictions({ traces, plan }: Evidence): Contradiction[] {
  const judged = traces.filter(({ run }) => run?.role !== 'cold');
  return [
    ...metadataApart(judged),
    ...judged.flatMap((trace) =>
      [...leftOut(trace, plan), ...contradictionsWithin(trace)].map((said) => ({
        ...said,
        file: trace.file,
      })),
    ),
    ...equalBytesApart(judged),
    ...equalTextsApart(judged),
  ];
}
