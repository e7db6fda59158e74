/**
 * One byte for how a norm compares with the control's: the logarithm of their ratio, or what no ratio can say. Equal
 * norms, and only these, have the code 0.
 */

/** Codes per factor of two. */
const PER_OCTAVE = 12;
const LARGEST = 120;

export const CODES = {
  /** The control moves and the interrupted run does not. */
  stalled: -127,
  /** The interrupted run moves and the control does not. */
  moves: 127,
  /** Neither moves. */
  still: 126,
  /** A value is missing, or is not finite. */
  unknown: -128,
} as const;

/** Codes the ratio of two norms. NaN stands for a missing one. */
export function codeOf(interrupted: number, control: number): number {
  if (interrupted === control && Number.isFinite(control)) return control === 0 ? CODES.still : 0;
  if (!Number.isFinite(interrupted) || !Number.isFinite(control)) return CODES.unknown;
  if (control === 0) return CODES.moves;
  if (interrupted === 0) return CODES.stalled;
  const octaves = Math.log2(interrupted / control);
  const code = Math.sign(octaves) * Math.ceil(Math.abs(octaves) * PER_OCTAVE);
  return Math.max(-LARGEST, Math.min(LARGEST, code));
}

/** How far a code is from equal: what is stronger stands for a group of steps. */
export function strengthOf(code: number): number {
  if (code === CODES.stalled || code === CODES.moves) return LARGEST + 1;
  if (code === CODES.still || code === CODES.unknown) return -1;
  return Math.abs(code);
}

/** The factor that a code stands for; undefined for one that stands for no ratio. */
export function factorOf(code: number): number | undefined {
  const special: readonly number[] = Object.values(CODES);
  return special.includes(code) ? undefined : 2 ** (code / PER_OCTAVE);
}
