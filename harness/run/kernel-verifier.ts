/** Verifies the kernels that scenarios use, each once, in fresh processes beside the scenarios' own. */
import type { LimitFunction } from 'p-limit';
import type { KernelVerification, VerifiedKernel } from '../judge/caveats.ts';
import type { KernelCheck } from '../verify/kernel-check.ts';
import { describe } from '../verify/sentence.ts';
import { type Verification, verifyBackend } from '../verify/verify.ts';
import { nodeArguments } from './snapshot/arguments.ts';

/** Starts the verifications that are missing and resolves once all kernels asked for are verified. */
export type KernelVerifier = (backend: string, kernels: readonly string[]) => Promise<KernelVerification>;

/** By backend and kernel: the verifications that have ended without a problem. */
export type Verifications = Map<string, Map<string, Promise<Verification>>>;

/** @param done of gates before this one, which this one adds to */
export function kernelVerifier(
  limit: LimitFunction,
  signal: AbortSignal,
  done: Verifications = new Map(),
): KernelVerifier {
  const keep = (backend: string, kernels: readonly string[], verification: Promise<Verification>): void => {
    const own = done.get(backend) ?? new Map<string, Promise<Verification>>();
    done.set(backend, own);
    for (const kernel of kernels) own.set(kernel, verification);
  };
  // A gate that is cancelled ends its own verifications, so others wait for none that is under way.
  const backends: Verifications = new Map();
  return async (backend, kernels) => {
    const verifications = backends.get(backend) ?? new Map(done.get(backend));
    backends.set(backend, verifications);
    const fresh = kernels.filter((kernel) => !verifications.has(kernel));
    if (fresh.length > 0) {
      const wanted = { backend, kernels: fresh };
      const verification = limit(() => verifyBackend(wanted, { signal, nodeArguments }));
      for (const kernel of fresh) verifications.set(kernel, verification);
      const whole = ({ problem }: Verification): void => {
        if (problem === null) keep(backend, fresh, verification);
      };
      // Who waits for it below sees it fail.
      verification.then(whole, () => {});
    }
    const found = await Promise.all(
      kernels.map(async (kernel) => ({ kernel, verification: await verifications.get(kernel)! })),
    );
    return {
      problem: found.find(({ verification }) => verification.problem !== null)?.verification.problem ?? null,
      kernels: found.flatMap(({ kernel, verification }) =>
        verification.checks.filter((check) => check.kernel === kernel).map(standingOf),
      ),
    };
  };
}

/** If a kernel is missing or throws here although the scenario ran it, the case called it differently. */
function standingOf(check: KernelCheck): VerifiedKernel {
  const { kernel, outcome } = check;
  if (outcome === 'wrong') return { kernel, standing: 'wrong', says: describe(check) };
  const open = outcome === 'unverified' || outcome === 'missing' || outcome === 'failed';
  return { kernel, standing: open ? 'not verified' : 'right', says: check.problem ?? '' };
}
