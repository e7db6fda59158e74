/** What a reader must know besides the verdict: kernels that the scenario used and that are wrong, or not verified. */
import type { Trace } from '../trace/schema.ts';

/** What verification found of a kernel. */
export interface VerifiedKernel {
  /** TensorFlow.js' name. */
  readonly kernel: string;
  readonly standing: 'right' | 'wrong' | 'not verified';
  /** What is wrong, where and by how much, beginning with the kernel's name; or why it is not verified. */
  readonly says: string;
}

export interface KernelVerification {
  /** Why nothing was verified; null where it was. */
  readonly problem: string | null;
  readonly kernels: readonly VerifiedKernel[];
}

/** Every kernel that the processes ran; none of a process that did not come to its end. */
export const kernelsOf = (traces: readonly Trace[]): string[] =>
  [...new Set(traces.flatMap(({ end }) => end?.kernels ?? []))].sort();

/**
 * A resumed run and its control share their kernels, so that a proof about resuming stands; what is learned with a
 * wrong kernel is wrong all the same.
 */
export function caveatsOf(traces: readonly Trace[], verification: KernelVerification): string[] {
  const used = new Set(kernelsOf(traces));
  if (used.size === 0) return [];
  const backend = traces.find(({ run }) => run !== undefined)?.run?.backend.name ?? 'the backend';
  const { problem } = verification;
  if (problem !== null) return [`Not verified: the kernels of ${backend}: ${problem}.`];
  const those = verification.kernels.filter(({ kernel }) => used.has(kernel));
  const wrong = those.filter(({ standing }) => standing === 'wrong');
  const open = those.filter(({ standing }) => standing === 'not verified');
  return [
    ...wrong.map(
      ({ says }) =>
        `This scenario uses a kernel that is wrong on ${backend}: ${says}. Where it is called in such a way, what is trained is not what the program says.`,
    ),
    ...(open.length === 0
      ? []
      : [
          `Not verified: of ${backend}, ${open.map(({ kernel, says }) => `${kernel} (${says})`).join(', ')}.`,
        ]),
  ];
}
