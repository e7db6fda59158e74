/** Whether a gate passed, from its verdicts. */
import { type Gate, VERDICT_FORMAT, type Verdict } from '../judge/verdict.ts';

/**
 * @param wanted the number of scenarios
 * @param failure what ended the gate; undefined if nothing did
 */
export function gateOf(
  run: Pick<Gate, 'startedAt' | 'seconds' | 'origin' | 'backend' | 'verdicts'> &
    Partial<Pick<Gate, 'baselines'>>,
  wanted: number,
  failure?: unknown,
): Gate {
  const { startedAt, seconds, origin, backend, verdicts, baselines = [] } = run;
  const problem = problemOf(wanted, verdicts, failure);
  const passed = problem === null && verdicts.every(({ asExpected }) => asExpected);
  return {
    format: VERDICT_FORMAT,
    startedAt,
    seconds,
    origin,
    backend,
    passed,
    problem,
    baselines,
    verdicts,
  };
}

function problemOf(wanted: number, verdicts: readonly Verdict[], failure: unknown): string | null {
  if (wanted === 0) return 'No scenario was run, so nothing was proven.';
  if (verdicts.length < wanted) {
    const finished = `${verdicts.length} of ${wanted} scenarios finished`;
    if (failure === undefined) return `Interrupted: ${finished}; their results are kept.`;
    const why = failure instanceof Error ? failure.message.split('\n')[0]! : String(failure);
    return `${why}; ${finished}.`;
  }
  return verdicts.every(({ outcome }) => outcome === 'skipped')
    ? 'Every scenario was skipped on this backend, so nothing was proven.'
    : null;
}
