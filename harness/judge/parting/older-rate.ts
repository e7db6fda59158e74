/** A common factor of updates that an older learning rate explains. */
import type { TracedStep } from '../../trace/schema.ts';
import { figure } from '../words.ts';
import type { Parting } from './first.ts';

/** Norms are products in float32. */
const ROUNDING = 2 ** -18;

/** The earlier step whose logged learning rate would explain the factor, as text; empty if there is none. */
export function olderRate({ pairs, at, control }: Parting, factor: number): string {
  const now = pairs[at]!.control;
  const then = control.findLast(
    (step) => step.step < now.step && Math.abs(ratioOf(step, now) / factor - 1) <= ROUNDING,
  );
  return then === undefined
    ? ''
    : `: the one logged in step ${then.step} is ${figure(factor)} times that of step ${now.step}`;
}

/** The factor between the logged learning rates of two steps; NaN if the groups do not share one. */
function ratioOf(one: TracedStep, other: TracedStep): number {
  const groups = Object.keys(other.claimed.learningRates);
  const ratios = groups.map(
    (group) => (one.claimed.learningRates[group] ?? Number.NaN) / other.claimed.learningRates[group]!,
  );
  const [first = Number.NaN] = ratios;
  return ratios.every((ratio) => Math.abs(ratio / first - 1) <= ROUNDING) ? first : Number.NaN;
}
