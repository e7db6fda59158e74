/**
 * How far two runs of the same program lie apart on this backend. Where two controls agree to the bit, a
 * resumed run must, too. Where they do not, a quantity of a resumed run may lie at most
 * {@link NOISE_FACTOR} times as far from the control's as the farthest that the two controls lay apart in
 * that quantity, over all parameters, up to that step.
 */
import type { Trace, TracedStep } from '../trace/schema.ts';

export const NOISE_FACTOR = 4;

export type Quantity = 'loss' | 'l2' | 'updateL2' | 'gradientL2';
export const QUANTITIES: readonly Quantity[] = ['loss', 'l2', 'updateL2', 'gradientL2'];

export interface Noise {
  /** True where the controls agree in every measured bit. */
  readonly exact: boolean;
  /** One sentence for the verdict. */
  readonly text: string;
  /** Largest relative difference that is noise, for a quantity at a step; 0 means equal to the bit. */
  allowed(quantity: Quantity, step: number): number;
}

/** |a − b| relative to the larger magnitude; 0 for equal values, NaN equal to NaN; infinite if one is NaN. */
export function relativeDifference(a: number, b: number): number {
  if (Object.is(a, b) || a === b) return 0;
  const scale = Math.max(Math.abs(a), Math.abs(b));
  const difference = Math.abs(a - b) / scale;
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
}

/** A step's values of a quantity, in the order of its parameters. */
export function valuesOf(step: TracedStep, quantity: Quantity): readonly (number | null)[] {
  return quantity === 'loss' ? [step.claimed.loss] : step[quantity];
}

export function noiseBetween(
  control: Trace | undefined,
  twin: Trace | undefined,
  before: Trace | undefined,
): Noise {
  const others = [twin, before].filter((trace) => trace !== undefined);
  const curves = new Map(QUANTITIES.map((quantity) => [quantity, spread(control, others, quantity)]));
  const largest = Math.max(...[...curves.values()].map((curve) => curve.at(-1) ?? 0));
  const statesDiffer =
    twin?.states.some((state) => {
      const own = control?.states.find(({ at, step }) => at === state.at && step === state.step);
      return own?.tensors.some(({ sha256 }, index) => sha256 !== state.tensors[index]?.sha256);
    }) ?? false;
  const exact = largest === 0 && !statesDiffer;
  // Without a second control a deterministic backend is held to the bit: what `before` shows is no noise.
  const judgedExactly = exact || twin === undefined;
  return {
    exact: judgedExactly,
    text: judgedExactly
      ? twin === undefined
        ? 'equality to the bit: the backend is deterministic'
        : 'equality to the bit: two controls agreed in every bit'
      : `${NOISE_FACTOR} × the spread of two controls (up to ${largest.toExponential(1)} relative)`,
    allowed: (quantity, step) => {
      if (judgedExactly) return 0;
      const curve = curves.get(quantity)!;
      return NOISE_FACTOR * (curve[Math.min(step, curve.length) - 1] ?? 0);
    },
  };
}

/** Running maximum of the relative difference, by step. */
function spread(control: Trace | undefined, others: readonly Trace[], quantity: Quantity): number[] {
  let largest = 0;
  return (control?.steps ?? []).map((step, index) => {
    for (const other of others) {
      const same = other.steps[index];
      if (same === undefined) continue;
      const values = valuesOf(same, quantity);
      valuesOf(step, quantity).forEach((value, at) => {
        const theirs = values[at];
        if (value !== null && theirs !== null && theirs !== undefined) {
          largest = Math.max(largest, relativeDifference(value, theirs));
        }
      });
    }
    return largest;
  });
}
