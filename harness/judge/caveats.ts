/** Caveats on a verdict: kernels that the scenario uses and that are wrong or not verified. */
import type { Trace } from '../trace/schema.ts';

/** The result of verifying a kernel. */
export interface VerifiedKernel {
  /** Its name in TensorFlow.js. */
  readonly kernel: string;
  readonly standing: 'right' | 'wrong' | 'not verified';
  /** What is wrong, where and by how much, starting with the kernel's name; or why it is not verified. */
  readonly says: string;
}

export interface KernelVerification {
  /** Why nothing was verified; null if something was. */
  readonly problem: string | null;
  readonly kernels: readonly VerifiedKernel[];
}

/** Every kernel that the processes ran, without those of processes that did not finish. */
export const kernelsOf = (traces: readonly Trace[]): string[] =>
  [...new Set(traces.flatMap(({ end }) => end?.kernels ?? []))].sort();

/**
 * A resumed run and its control use the same kernels, so a proof about resuming holds even if a kernel is wrong. The
 * training itself is still wrong.
 */
export function caveatsOf(traces: readonly Trace[], verification: KernelVerification): string[] {
  const used = new Set(kernelsOf(traces));
  if (used.size === 0) return [];
  const backend = traces.find(({ run }) => run !== undefined)?.run?.backend.name ?? 'the backend';
  const { problem } = verification;
  if (problem !== null) return [`The kernels of ${backend} are not verified: ${problem}.`];
  const those = verification.kernels.filter(({ kernel }) => used.has(kernel));
  const wrong = those.filter(({ standing }) => standing === 'wrong');
  const open = those.filter(({ standing }) => standing === 'not verified');
  return [
    ...wrong.map(
      ({ says }) =>
        `This scenario uses a kernel that is wrong on ${backend}: ${says}. Training that calls it this way does not compute what the program specifies.`,
    ),
    ...(open.length === 0
      ? []
      : [`Not verified on ${backend}: ${open.map(({ kernel, says }) => `${kernel} (${says})`).join(', ')}.`]),
  ];
}
