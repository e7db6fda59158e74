/** Verifies the kernels that scenarios use, each once per gate, in fresh processes beside the scenarios' own. */
import type { LimitFunction } from 'p-limit';
import type { KernelVerification, VerifiedKernel } from '../judge/caveats.ts';
import type { KernelCheck } from '../verify/kernel-check.ts';
import { describe } from '../verify/sentence.ts';
import { type Verification, verifyBackend } from '../verify/verify.ts';
import { nodeArguments } from './snapshot/arguments.ts';

/** Starts the verifications that are missing and resolves once all kernels asked for are verified. */
export type KernelVerifier = (backend: string, kernels: readonly string[]) => Promise<KernelVerification>;

export function kernelVerifier(limit: LimitFunction, signal: AbortSignal): KernelVerifier {
  const backends = new Map<string, Map<string, Promise<Verification>>>();
  return async (backend, kernels) => {
    const verifications = backends.get(backend) ?? new Map<string, Promise<Verification>>();
    backends.set(backend, verifications);
    const fresh = kernels.filter((kernel) => !verifications.has(kernel));
    if (fresh.length > 0) {
      const wanted = { backend, kernels: fresh };
      const verification = limit(() => verifyBackend(wanted, { signal, nodeArguments }));
      for (const kernel of fresh) verifications.set(kernel, verification);
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
