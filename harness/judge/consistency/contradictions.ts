/** Everything in the traces of one run that cannot be true together, or that the plan asks for and is not there. */
import type { Evidence } from '../evidence.ts';
import type { Contradiction } from './contradiction.ts';
import { leftOut } from './history.ts';
import { metadataApart, ranksApart } from './metadata.ts';
import {
  checkpointsApart,
  contradictionsWithin,
  equalBytesApart,
  equalSamplesApart,
  sharersApart,
} from './values.ts';

/** The cold run is left out: it is a contrast that no proof rests on. */
export function contradictions(evidence: Evidence): Contradiction[] {
  const { traces, history } = evidence;
  const judged = traces.filter(({ run }) => run?.role !== 'cold');
  return [
    ...metadataApart(judged, evidence),
    ...ranksApart(judged, evidence),
    ...judged.flatMap((trace) =>
      [
        ...leftOut(trace, history, traces),
        ...contradictionsWithin(trace),
        ...sharersApart(trace),
        ...checkpointsApart(trace),
      ].map((said) => ({ ...said, file: trace.file })),
    ),
    ...equalBytesApart(judged),
    ...equalSamplesApart(judged),
  ];
}
