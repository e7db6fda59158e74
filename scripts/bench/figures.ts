/** Helpers that the sections of the bench share. */

/** One line of the table. */
export interface Figure {
  readonly what: string;
  /** The figure: a ratio if two things were measured side by side. */
  readonly value: string;
  readonly how: string;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export interface Sides {
  /** Medians, in milliseconds. */
  readonly first: number;
  readonly second: number;
  /** Median over the rounds of second ÷ first, in which the slowdown of a whole round cancels out. */
  readonly ratio: number;
  /** First and third quartile of these ratios, as a measure of the noise. */
  readonly quartiles: readonly [number, number];
}

/** Runs both in every round, in alternating order. */
export async function interleave(
  rounds: number,
  first: () => Promise<void>,
  second: () => Promise<void>,
): Promise<Sides> {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    for (const side of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const start = performance.now();
      await (side === 0 ? first : second)();
      times[side].push(performance.now() - start);
    }
  }
  const ratios = times[1].map((time, round) => time / times[0][round]!).sort((a, b) => a - b);
  const quarter = (share: number): number => ratios[Math.round((ratios.length - 1) * share)]!;
  return {
    first: median(times[0]),
    second: median(times[1]),
    ratio: median(ratios),
    quartiles: [quarter(0.25), quarter(0.75)],
  };
}

export const times = (ratio: number): string => `× ${ratio.toFixed(3)}`;
export const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
export const noise = ({ quartiles: [low, high] }: Sides): string =>
  `half of the rounds between ${low.toFixed(3)} and ${high.toFixed(3)}`;
