/** How values part: by one factor, by a sign, to nothing, in a few steps only. */
import { figure, valuesApart } from '../words.ts';
import type { Parted } from './sight.ts';

export type Form =
  | { readonly kind: 'opposite' | 'absent' | 'zero' | 'added' | 'unknown' }
  | { readonly kind: 'factor'; readonly factor: number; readonly of: number }
  | { readonly kind: 'slight'; readonly most: number }
  | { readonly kind: 'factors'; readonly least: number; readonly most: number };

/** Scaling changes the rounding of each product: some tens of float32 roundings. */
const ROUNDING = 2 ** -18;

export function formOf(parted: readonly Parted[], rounding = ROUNDING): Form {
  const norms = parted.map(({ mine, theirs }) => [mine[0] ?? null, theirs[0] ?? null] as const);
  if (norms.length === 0 || norms.every(([mine, theirs]) => mine === null && theirs === null))
    return { kind: 'unknown' };
  if (norms.every(([mine, theirs]) => mine === null && theirs !== null)) return { kind: 'absent' };
  if (norms.every(([mine, theirs]) => mine !== null && theirs === null)) return { kind: 'added' };
  if (norms.every(([mine, theirs]) => mine === 0 && theirs !== 0)) return { kind: 'zero' };
  const ratios = parted.flatMap(ratiosOf);
  if (ratios.length === 0 || !ratios.every(Number.isFinite)) return { kind: 'unknown' };
  const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
  const off = Math.max(...ratios.map((ratio) => Math.abs(ratio - 1)));
  if (off === 0) return { kind: 'unknown' };
  if (off <= rounding) return { kind: 'slight', most: off };
  const size = Math.max(Math.abs(least), Math.abs(most));
  if (most - least <= size * rounding) return { kind: 'factor', factor: ratios[0]!, of: parted.length };
  // The sketch is signed and the norm is not, so a sign shows only in the sketch.
  if (parted.every((each) => isOpposite(each, rounding))) return { kind: 'opposite' };
  const lengths = norms.flatMap(([mine, theirs]) =>
    mine !== null && theirs !== null && theirs > 0 ? [mine / theirs] : [],
  );
  return lengths.length === 0
    ? { kind: 'unknown' }
    : { kind: 'factors', least: Math.min(...lengths), most: Math.max(...lengths) };
}

function ratiosOf({ mine, theirs }: Parted): number[] {
  return theirs.flatMap((other, at) => {
    const own = mine[at];
    return typeof own === 'number' && typeof other === 'number' && other !== 0 ? [own / other] : [];
  });
}

/** The same norm, and every sum of the sketch with the opposite sign. */
function isOpposite({ mine, theirs }: Parted, rounding: number): boolean {
  const near = (one: number, other: number): boolean =>
    Math.abs(one - other) <= rounding * Math.max(Math.abs(one), Math.abs(other));
  return (
    theirs.length > 1 &&
    theirs.every((other, at) => {
      const own = mine[at];
      return typeof own === 'number' && typeof other === 'number' && near(own, at === 0 ? other : -other);
    })
  );
}

/** The form as text, to follow what parts; empty if it says nothing. */
export function formText(form: Form): string {
  switch (form.kind) {
    case 'opposite':
      return ', with the opposite sign';
    case 'absent':
      return ': there are none';
    case 'added':
      return ': the control has none';
    case 'zero':
      return ': they are zero';
    case 'factor':
      return `, by ${form.of > 1 ? 'one' : 'a'} factor ${valuesApart(form.factor, 1)[0]}`;
    case 'slight':
      return `, by a relative difference of at most ${form.most.toExponential(1)}, which is that of rounding`;
    case 'factors':
      return `, by factors from ${figure(form.least)} to ${figure(form.most)}`;
    default:
      return '';
  }
}
