/** Describes a kernel's check in words. */
import type { KernelCheck } from './kernel-check.ts';

/** Says what is wrong with the kernel, where and by how much, without the backend's name and a final period. */
export function describe({ kernel, outcome, operation, call, worst, problem }: KernelCheck): string {
  if (worst === null) return `${kernel}${operation === null ? '' : ` in ${operation}`}: ${problem}`;
  const { place, expected, got, timesRounding } = worst;
  const size =
    timesRounding === null
      ? outcome === 'wrong' && got !== null
        ? 'but must be exact'
        : 'but must be a number'
      : `${times(timesRounding)} the rounding error bound`;
  const where = place.length === 0 ? '' : ` at [${place}]`;
  return `${kernel} in ${operation}, ${call}:${where} expected ${short(expected)}, got ${short(got)}, ${size}`;
}

const short = (value: number | null): string =>
  value === null ? 'no finite number' : String(Number(value.toPrecision(9)));

const times = (factor: number): string =>
  `${factor >= 1e4 ? factor.toExponential(1) : Number(factor.toPrecision(3))} times`;
