/** Where in a run resumes go wrong more often than elsewhere, as far as a control shows. */
import type { Trace } from '../trace/schema.ts';

/**
 * The steps beside which something happens that does not happen at most steps: an update, a new epoch, another loss
 * scale, a turn of the learning rate. The first and the last two steps count too.
 * @param control has recorded its counters after each step, or in passing
 * @returns ascending, from 1 to the last step but one
 */
export function bordersIn({ steps, states }: Pick<Trace, 'steps' | 'states'>): number[] {
  const last = steps.at(-1)?.step ?? 0;
  const found = new Set([1, 2, last - 2, last - 1]);
  const series: [number, string][][] = [
    steps.map(({ step, claimed }) => [step, String(claimed.applied)]),
    turns(steps.map(({ step, claimed }) => [step, Object.values(claimed.learningRates)[0] ?? 0])),
    ...jumps(states.filter(({ at }) => at === 'pass')),
  ];
  for (const one of series) {
    const usual = mostFrequent(one.map(([, text]) => text));
    for (const [step, text] of one)
      if (text !== usual) {
        found.add(step - 1);
        found.add(step);
      }
  }
  return [...found].filter((step) => step >= 1 && step < last).sort((a, b) => a - b);
}

/** Whether a value rises, falls or stays, by step. */
const turns = (values: readonly [step: number, value: number][]): [number, string][] =>
  values.slice(1).map(([step, value], at) => [step, String(Math.sign(value - values[at]![1]))]);

/** How each counter moves, by step. */
function jumps(states: Trace['states']): [number, string][][] {
  const names = Object.keys(states[0]?.counters ?? {});
  return names.map((name) =>
    states.slice(1).map((state, at): [number, string] => {
      const [before, after] = [states[at]!.counters[name], state.counters[name]];
      if (typeof before !== 'number' || typeof after !== 'number')
        return [state.step, String(before === after)];
      // Rates and losses move by another amount each time.
      const move = after - before;
      return [state.step, Number.isInteger(move) ? String(move) : String(Math.sign(move))];
    }),
  );
}

function mostFrequent(texts: readonly string[]): string | undefined {
  const counts = Map.groupBy(texts, (text) => text);
  return [...counts].sort(([, one], [, other]) => other.length - one.length)[0]?.[0];
}
