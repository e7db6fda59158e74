/** The result of checking one kernel. It has its own file so that reading one does not load TensorFlow.js. */
import { AGREEMENTS, type Agreement, type Difference } from './check.ts';

/** From best to worst. */
export const OUTCOMES = [
  ...AGREEMENTS,
  /** There is no reference or case for it. */
  'unverified',
  /** The backend lacks the kernel. */
  'missing',
  /** It threw. */
  'failed',
] as const satisfies readonly (Agreement | string)[];

export interface KernelCheck {
  /** TensorFlow.js' name. */
  readonly kernel: string;
  readonly outcome: (typeof OUTCOMES)[number];
  /** How often it ran. */
  readonly calls: number;
  /** The case of the worst call, such as `conv2d [2,8,8,16] × [3,3,16,8]`. */
  readonly operation: string | null;
  /** The worst call's inputs, outputs and attributes. */
  readonly call: string | null;
  readonly worst: Difference | null;
  readonly problem: string | null;
}

/** The kernel gave wrong results, or threw. */
export const isBroken = ({ outcome }: KernelCheck): boolean => outcome === 'wrong' || outcome === 'failed';
