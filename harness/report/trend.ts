/** What earlier runs found, as the page's charts need it. */
import type { Gate } from '../judge/verdict.ts';
import type { TrendPoint } from './data.ts';
import type { PastRun } from './past.ts';
import { moment, shortCommit, visible } from './text.ts';

const MOST_RUNS = 40;
/** The earlier runs of one scenario, the newest last. */
export const trendOf = (past: readonly PastRun[], scenario: string): TrendPoint[] =>
  past
    .flatMap((run) => {
      const own = run.scenarios.find(({ name }) => name === scenario);
      if (own === undefined) return [];
      return [{ ...placeOf(run), failing: own.asExpected ? 0 : 1, seconds: own.seconds, norm: own.norm }];
    })
    .slice(-MOST_RUNS);

/** All runs of the gate, this one included; empty if it is the first. */
export function gateTrend(past: readonly PastRun[], gate: Gate): TrendPoint[] {
  if (past.length === 0) return [];
  const failing = (all: readonly { readonly asExpected: boolean }[]): number =>
    all.filter(({ asExpected }) => !asExpected).length;
  const earlier = past.map((run) => ({
    ...placeOf(run),
    failing: failing(run.scenarios),
    seconds: run.seconds,
    norm: null,
  }));
  const now = { ...placeOf(gate), failing: failing(gate.verdicts), seconds: gate.seconds, norm: null };
  return [...earlier, now].slice(-MOST_RUNS);
}

const placeOf = ({
  startedAt,
  origin,
}: Pick<PastRun, 'startedAt' | 'origin'>): Pick<TrendPoint, 'moment' | 'commit'> => ({
  moment: visible(moment(startedAt), 100),
  commit: origin.commit === null ? null : visible(shortCommit(origin.commit), 100),
});
